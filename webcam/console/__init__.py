"""The console: pages by which people see and use their devices in a browser, and what these pages ask for."""
