// Light, dark, or as the system has it.
import { effect, signal } from "./ui.js";

const system = window.matchMedia("(prefers-color-scheme: dark)");

function stored() {
  try {
    return localStorage.getItem("llmotel.theme") ?? "auto";
  } catch {
    return "auto";
  }
}

/** What the reader chose: `auto`, `light` or `dark`. */
export const choice = signal(stored());
/** What is shown: `light` or `dark`. */
export const theme = signal("light");
const dark = signal(system.matches);
system.addEventListener("change", () => {
  dark.value = system.matches;
});

effect(() => {
  const shown = choice.value === "auto" ? (dark.value ? "dark" : "light") : choice.value;
  document.documentElement.dataset.theme = shown;
  theme.value = shown;
  try {
    if (choice.value === "auto") localStorage.removeItem("llmotel.theme");
    else localStorage.setItem("llmotel.theme", choice.value);
  } catch {
    // Without storage the choice lasts as long as the page.
  }
});

/** A colour of the theme, for what is drawn on a canvas. @param {string} name */
export const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
