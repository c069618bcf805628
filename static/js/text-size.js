// Sets the size of text that the reader has chosen. Not a module: it has to run before the page is painted.
try {
  const size = localStorage.getItem("text-size");
  if (size) document.documentElement.dataset.textSize = size;
} catch {} // no storage: then the usual size
