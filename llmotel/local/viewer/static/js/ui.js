// What every module needs of the libraries, under one roof.
import { h, Fragment, render } from "../vendor/preact.js";
import { useCallback, useEffect, useErrorBoundary, useLayoutEffect, useMemo, useRef, useState } from "../vendor/hooks.js";
import { batch, computed, effect, signal } from "../vendor/signals.js";
import htm from "../vendor/htm.js";

export const html = htm.bind(h);
export { Fragment, batch, computed, effect, h, render, signal };
export { useCallback, useEffect, useErrorBoundary, useLayoutEffect, useMemo, useRef, useState };
