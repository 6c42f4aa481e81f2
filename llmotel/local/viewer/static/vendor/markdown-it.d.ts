// The part of markdown-it that the viewer uses: its reader, never its renderer.
export default class MarkdownIt {
  constructor(preset: string, options: Record<string, any>);
  parse(text: string, env: Record<string, any>): any[];
}
