// The part of preact that the viewer uses.
export type VNode = { type: any; props: any; key: any };
export const Fragment: (props: any) => any;
export function h(type: any, props: any, ...children: any[]): VNode;
export function render(node: any, into: Element): void;
