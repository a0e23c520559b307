// Pictures open large: a click, or Enter on a picture; Escape or another click closes it again.
// Without this script a picture is an ordinary link to its file.
(function () {
  "use strict";
  var dialog = document.createElement("dialog");
  dialog.className = "zoomed";
  dialog.innerHTML = '<button type="button">Close</button><figure><img alt=""><figcaption></figcaption></figure>';
  document.body.append(dialog);
  var picture = dialog.querySelector("img");
  var caption = dialog.querySelector("figcaption");

  document.addEventListener("click", function (event) {
    var link = event.target.closest("a.zoom");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    var figure = link.closest("figure");
    var words = figure && figure.querySelector("figcaption");
    picture.src = link.href;
    picture.alt = link.querySelector("img").alt;
    caption.replaceChildren.apply(caption, words ? words.cloneNode(true).childNodes : []);
    dialog.setAttribute("aria-label", words ? words.textContent : picture.alt);
    dialog.showModal(); // the browser gives the focus back to the link when it closes
  });
  dialog.addEventListener("click", function (event) {
    var reading = event.target.closest("figcaption") && !event.target.closest("a");
    if (!reading) dialog.close();
  });
})();
