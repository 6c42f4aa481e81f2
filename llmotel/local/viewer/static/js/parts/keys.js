// The keyboard's own page.
import { html, useEffect, useRef } from "../ui.js";

/** @param {{groups: {items: {title: string, key?: string}[]}[], onClose: () => void}} props */
export function Keys({ groups, onClose }) {
  const box = useRef(/** @type {HTMLDialogElement | null} */ (null));
  useEffect(() => {
    box.current?.showModal();
  }, []);
  const rows = [
    [["j"], "Next"],
    [["k"], "Previous"],
    [["Enter"], "Open"],
    [["/"], "Search"],
    [["Esc"], "Close, or leave the search"],
    [["←", "→"], "Fold or unfold a span"],
    [["?"], "This list"],
  ];
  return html`<dialog class="dialog" ref=${box} onClose=${onClose} aria-label="Keyboard">
    <div class="row"><h2 class="grow">Keyboard</h2><form method="dialog"><button class="button" type="submit">Close</button></form></div>
    <dl class="keys">
      ${rows.map(([keys, text]) => html`<div key=${text}><dt>${/** @type {string[]} */ (keys).map((key) => html`<kbd key=${key}>${key}</kbd>`)}</dt><dd>${text}</dd></div>`)}
      ${groups.flatMap((group) => group.items).map((item) => html`<div key=${item.title}><dt><kbd>g</kbd><kbd>${item.key}</kbd></dt><dd>${item.title}</dd></div>`)}
    </dl>
  </dialog>`;
}
