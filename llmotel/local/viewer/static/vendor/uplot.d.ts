// The part of uPlot that the viewer uses.
export default class uPlot {
  constructor(options: any, data: any[], target: HTMLElement);
  static paths: { bars(options: any): any };
  over: HTMLElement;
  width: number;
  cursor: { idx: number | null };
  setSize(size: { width: number; height: number }): void;
  destroy(): void;
}
