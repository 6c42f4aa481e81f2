// The part of @preact/signals that the viewer uses.
export interface Signal<T> {
  value: T;
  peek(): T;
}
export function signal<T>(initial: T): Signal<T>;
export function computed<T>(make: () => T): { readonly value: T };
export function effect(run: () => void | (() => void)): () => void;
export function batch(run: () => void): void;
