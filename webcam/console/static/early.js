// Runs before the first paint, so that a chosen theme doesn't flash; everything else is a module.
(function () {
  try {
    var theme = localStorage.getItem("webcam.theme");
    if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  } catch {
    // Storage may be forbidden; then the system's theme holds.
  }
})();
