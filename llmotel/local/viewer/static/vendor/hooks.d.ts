// The part of preact/hooks that the viewer uses.
export function useCallback<F extends (...args: any[]) => any>(call: F, inputs: any[]): F;
export function useErrorBoundary(told?: (error: any) => void): [any, () => void];
export function useEffect(effect: () => void | (() => void), inputs?: any[]): void;
export function useLayoutEffect(effect: () => void | (() => void), inputs?: any[]): void;
export function useMemo<T>(make: () => T, inputs: any[]): T;
export function useRef<T>(initial: T): { current: T };
export function useState<T>(initial: T | (() => T)): [T, (next: T | ((old: T) => T)) => void];
