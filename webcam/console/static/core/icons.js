// Line icons on a grid of 24, two units of stroke; drawn for this page.
import { svg } from "./dom.js";

const PATHS = {
  wall: ["M4 4h7v7H4z", "M13 4h7v7h-7z", "M4 13h7v7H4z", "M13 13h7v7h-7z"],
  camera: ["M3 7h4l2-3h6l2 3h4v12H3z", "M12 16.5a3.75 3.75 0 1 0 0-7.5 3.75 3.75 0 0 0 0 7.5z"],
  records: ["M3 5h18v14H3z", "M3 16l5-5 4 4 3-3 6 6", "M15.5 9.5h.01"],
  messages: ["M4 5h16v11H10l-5 4v-4H4z", "M8 9h8", "M8 12h5"],
  settings: ["M4 7h9", "M17 7h3", "M15 5v4", "M4 12h3", "M11 12h9", "M9 10v4", "M4 17h11", "M19 17h1", "M17 15v4"],
  pause: ["M8 5v14", "M16 5v14"],
  stop: ["M7 7h10v10H7z"],
  play: ["M7 5l12 7-12 7z"],
  full: ["M4 9V4h5", "M15 4h5v5", "M20 15v5h-5", "M9 20H4v-5"],
  small: ["M9 4v5H4", "M20 9h-5V4", "M15 20v-5h5", "M4 15h5v5"],
  snapshot: ["M12 20a8 8 0 1 0 0-16 8 8 0 0 0 0 16z", "M12 15a3 3 0 1 0 0-6 3 3 0 0 0 0 6z"],
  close: ["M6 6l12 12", "M18 6L6 18"],
  download: ["M12 4v11", "M7 11l5 5 5-5", "M4 20h16"],
  upload: ["M12 16V5", "M7 9l5-5 5 5", "M4 20h16"],
  trash: ["M4 7h16", "M9 7V4h6v3", "M6 7l1 13h10l1-13", "M10 11v5", "M14 11v5"],
  send: ["M4 12l16-8-6 16-3-6z", "M11 14l9-10"],
  left: ["M15 5l-7 7 7 7"],
  right: ["M9 5l7 7-7 7"],
  logout: ["M10 4H4v16h6", "M9 12h11", "M16 8l4 4-4 4"],
  check: ["M5 12l5 5L19 7"],
  copy: ["M9 9h11v11H9z", "M5 15H4V4h11v1"],
  broken: ["M3 5h18v6l-4 3-4-3-4 3-3-2-3 2z", "M3 18v1h18v-4"],
  file: ["M6 3h8l5 5v13H6z", "M14 3v5h5"],
  film: ["M4 5h16v14H4z", "M8 5v14", "M16 5v14", "M4 9.7h4", "M4 14.3h4", "M16 9.7h4", "M16 14.3h4"],
  sound: ["M4 10v4h3l5 4V6l-5 4z", "M16 9a4 4 0 0 1 0 6", "M18.5 6.5a8 8 0 0 1 0 11"],
  flip: ["M4 12a8 8 0 0 1 14-5l2 2", "M20 4v5h-5", "M20 12a8 8 0 0 1-14 5l-2-2", "M4 20v-5h5"],
  key: ["M9 18a4 4 0 1 0 0-8 4 4 0 0 0 0 8z", "M12 11l8-8", "M16 7l3 3"],
  offline: [
    "M3 3l18 18",
    "M8.5 15.5a5 5 0 0 1 7 0",
    "M5 12a10 10 0 0 1 4-2.4",
    "M19 12a10 10 0 0 0-5-2.8",
    "M12 19h.01",
  ],
  text: ["M5 6h14", "M5 10h14", "M5 14h9", "M5 18h11"],
  device: ["M7 3h10v18H7z", "M11 18h2"],
  link: ["M10 14a4 4 0 0 0 6 0l3-3a4 4 0 0 0-6-6l-1 1", "M14 10a4 4 0 0 0-6 0l-3 3a4 4 0 0 0 6 6l1-1"],
};

/** The icon of a name; an unknown name throws. */
export function icon(name) {
  return svg(PATHS[name]);
}
