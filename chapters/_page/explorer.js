// A map of images that can be explored: dragged, zoomed, searched, and asked for the neighbors of each image.
// Its points and small pictures lie in two files beside the picture, figures/<figure>.points.js and .points.jpg, and
// are loaded when the reader asks for them. Without this script the picture stands there alone.
(function () {
  "use strict";

  const DOT = 12; // below this size in pixels, images are dots
  const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  const HELP = "Drag to move and turn the wheel to zoom, or use + and −, and 0 for the whole map. Point at an image, or walk " +
    "from image to image with the arrow keys; Enter holds it, Escape lets it go. Shift and an arrow move the map.";

  const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

  function make(name, properties, ...children) {
    const node = Object.assign(document.createElement(name), properties);
    node.append(...children);
    return node;
  }

  function button(text, label, act) {
    const made = make("button", { type: "button", textContent: text });
    if (label) made.setAttribute("aria-label", label);
    made.addEventListener("click", act);
    return made;
  }

  // ---- Loading --------------------------------------------------------------------------------------------------

  function script(url) { // pages that are files can load scripts, and nothing else
    return new Promise((done, failed) => {
      document.head.append(make("script", { src: url, onload: done, onerror: failed }));
    });
  }

  function picture(url) {
    return new Promise((done, failed) => {
      const image = make("img", { alt: "" });
      image.onload = () => done(image);
      image.onerror = failed;
      image.src = url;
    });
  }

  function offer(place) {
    const figure = place.dataset.figure;
    const shown = place.parentNode.querySelector("a.zoom");
    const files = `figures/${figure}.points`;
    const note = make("span", { className: "explorer-note" });
    note.setAttribute("role", "status");
    const open = button("Explore this map", "", async () => {
      open.disabled = true;
      try {
        if (!window.explorers || !window.explorers[figure]) await script(`${files}.js`);
        const data = window.explorers[figure];
        const sheet = await picture(`${files}.jpg`).catch(() => null);
        note.textContent = sheet ? "" : `The small pictures (${files}.jpg) could not be loaded. The points are shown without them.`;
        const box = explorer(data, sheet, () => {
          box.remove();
          open.hidden = shown.hidden = false;
          open.focus();
        });
        open.hidden = shown.hidden = true;
        place.prepend(box);
        box.querySelector("canvas").focus();
      } catch (error) {
        note.textContent = `The map cannot be explored: ${files}.js could not be loaded.`;
      }
      open.disabled = false;
    });
    open.className = "explorer-open";
    place.append(open, note);
  }

  // ---- The explorer ---------------------------------------------------------------------------------------------

  function explorer(data, sheet, close) {
    const count = data.place.length;
    const deepest = clamp(0.75 * Math.sqrt(count), 8, 50); // the largest zoom
    const canvas = make("canvas", { tabIndex: 0 });
    const card = make("div", { className: "explorer-card", hidden: true });
    const found = make("output", { className: "explorer-found" });
    const search = make("input", { type: "search", placeholder: "Search by name or class" });
    const legend = make("div", { className: "explorer-legend" });
    const tools = make("div", { className: "explorer-tools" },
      button("+", "Zoom in", () => zoomAbout(1.5)), button("−", "Zoom out", () => zoomAbout(1 / 1.5)),
      button("Whole map", "", whole), button("Close", "Close the map", close));
    const map = make("div", { className: "explorer-map" }, canvas, tools, card);
    const box = make("div", { className: "explorer-box" }, map,
      make("div", { className: "explorer-bar" }, search, found, legend), make("p", { className: "explorer-help" }, HELP));
    canvas.setAttribute("role", "application");
    canvas.setAttribute("aria-label", `Map of ${count} images. ${HELP}`);
    search.setAttribute("aria-label", "Search the images of the map");
    card.setAttribute("aria-live", "polite");

    const view = { x: 0, y: 0, zoom: 1 }; // the point of the map in the middle of the canvas, and how far we are in
    const size = { width: 0, height: 0 }; // of the canvas in pixels of the page
    const span = bounds(data.place);
    const only = new Set(); // the groups that are shown; all where it is empty
    let shown = [...Array(count).keys()]; // the points that are shown
    let isShown = new Uint8Array(count).fill(1);
    let current = -1; // the point that is looked at
    let held = false; // whether it stays when the pointer leaves it
    let waiting = false;

    // ---- Places: of the map, and on the canvas

    const unit = () => Math.min((size.width - 48) / span.width, (size.height - 48) / span.height) * view.zoom;
    const across = (i) => size.width / 2 + (data.place[i][0] - view.x) * unit();
    const down = (i) => size.height / 2 - (data.place[i][1] - view.y) * unit();
    const tile = () => { // the side of an image: as the map is zoomed, until it has all pixels of the sheet
      const first = clamp(0.6 * Math.sqrt(size.width * size.height / count), 5, 40);
      return Math.min(first * view.zoom, Math.max(data.side, 40));
    };

    function bounds(place) {
      const [x, y] = [0, 1].map((k) => place.map((point) => point[k]));
      const [low, high] = [Math.min, Math.max].map((end) => [end(...x), end(...y)]);
      return { width: high[0] - low[0] || 1, height: high[1] - low[1] || 1, x: (low[0] + high[0]) / 2, y: (low[1] + high[1]) / 2 };
    }

    function move(dx, dy) { // by so many pixels
      view.x = clamp(view.x - dx / unit(), span.x - span.width / 2, span.x + span.width / 2);
      view.y = clamp(view.y + dy / unit(), span.y - span.height / 2, span.y + span.height / 2);
      draw();
    }

    function zoomAbout(factor, x = size.width / 2, y = size.height / 2) { // what is at x, y stays there
      const zoom = clamp(view.zoom * factor, 1, deepest);
      const shift = (1 - view.zoom / zoom) / unit();
      view.x += (x - size.width / 2) * shift;
      view.y -= (y - size.height / 2) * shift;
      view.zoom = zoom;
      zoom === 1 ? whole() : move(0, 0);
    }

    function whole() {
      Object.assign(view, { x: span.x, y: span.y, zoom: 1 });
      draw();
    }

    function nearestTo(x, y, reach) {
      let best = -1;
      let least = reach * reach;
      for (const i of shown) {
        const distance = (across(i) - x) ** 2 + (down(i) - y) ** 2;
        if (distance <= least) [best, least] = [i, distance];
      }
      return best;
    }

    function beside(i, [dx, dy]) { // the nearest point in that direction, those straight ahead first
      let best = -1;
      let least = Infinity;
      for (const j of shown) {
        const [x, y] = [across(j) - across(i), down(j) - down(i)];
        const ahead = x * dx + y * dy;
        const aside = Math.abs(x * dy) + Math.abs(y * dx);
        if (j !== i && ahead > 0 && ahead + 2 * aside < least) [best, least] = [j, ahead + 2 * aside];
      }
      return best;
    }

    // ---- Drawing

    function draw() {
      if (!waiting) requestAnimationFrame(paint);
      waiting = true;
    }

    function paint() {
      waiting = false;
      const style = getComputedStyle(box);
      const colour = (name) => style.getPropertyValue(name).trim();
      const pen = canvas.getContext("2d");
      const dense = window.devicePixelRatio || 1;
      canvas.dataset.zoom = view.zoom.toFixed(2);
      canvas.dataset.middle = `${view.x.toFixed(2)} ${view.y.toFixed(2)}`;
      pen.setTransform(dense, 0, 0, dense, 0, 0);
      pen.clearRect(0, 0, size.width, size.height);
      const [ink, paper, accent] = ["--ink", "--paper", "--accent"].map(colour);
      const hue = (i) => data.colors[data.groups[i]] || accent;
      const side = tile();
      const stamp = (i, length, frame) => {
        const [x, y] = [across(i), down(i)];
        if (x < -length || y < -length || x > size.width + length || y > size.height + length) return;
        pen.fillStyle = hue(i);
        if (sheet && length >= DOT) {
          if (frame) pen.fillRect(x - length / 2 - frame, y - length / 2 - frame, length + 2 * frame, length + 2 * frame);
          const [column, row] = [i % data.columns, Math.floor(i / data.columns)];
          pen.drawImage(sheet, column * data.side, row * data.side, data.side, data.side, x - length / 2, y - length / 2, length, length);
        } else {
          pen.beginPath();
          pen.arc(x, y, Math.min(length / 2.4, 5) + frame, 0, 7);
          pen.fill();
        }
      };
      pen.imageSmoothingQuality = "high";
      pen.globalAlpha = 0.18;
      if (shown.length < count) for (let i = 0; i < count; i++) if (!isShown[i]) stamp(i, Math.min(side, DOT - 1), 0);
      pen.globalAlpha = 1;
      for (const i of shown) stamp(i, side, side >= 24 && data.colors.length ? 1.5 : 0);
      if (current < 0) return;
      const near = data.near[current];
      for (const [width, stroke] of [[4, paper], [1.5, ink]]) {
        pen.lineWidth = width;
        pen.strokeStyle = stroke;
        pen.beginPath();
        for (const j of near) {
          pen.moveTo(across(current), down(current));
          pen.lineTo(across(j), down(j));
        }
        pen.stroke();
      }
      for (const j of [...near].reverse()) stamp(j, Math.max(side, 26), 2.5);
      const large = clamp(side * 1.5, 48, Math.max(data.side, 64));
      pen.fillStyle = paper;
      const [x, y, edge] = [across(current), down(current), large / 2 + 5];
      if (sheet) pen.fillRect(x - edge, y - edge, 2 * edge, 2 * edge);
      stamp(current, large, 3);
    }

    function fit() {
      const { width, height } = canvas.getBoundingClientRect();
      const dense = window.devicePixelRatio || 1;
      Object.assign(size, { width, height });
      canvas.width = Math.round(width * dense);
      canvas.height = Math.round(height * dense);
      paint();
    }

    // ---- One image: its picture, name and class, and its neighbors

    const label = (i) => data.words[data.labels[i]];
    const predicted = (i) => data.words[data.predicted[i]];

    function small(i, side) {
      const node = make("span", { className: "explorer-tile" });
      const scale = side / data.side;
      Object.assign(node.style, { width: `${side}px`, height: `${side}px` });
      if (data.colors.length) node.style.outlineColor = data.colors[data.groups[i]];
      if (sheet) Object.assign(node.style, {
        backgroundImage: `url("${sheet.src}")`,
        backgroundSize: `${sheet.naturalWidth * scale}px ${sheet.naturalHeight * scale}px`,
        backgroundPosition: `${-(i % data.columns) * side}px ${-Math.floor(i / data.columns) * side}px`,
      });
      return node;
    }

    function look(i, hold) {
      held = hold && i >= 0;
      if (i === current) return;
      current = i;
      draw();
      card.hidden = i < 0;
      if (i < 0) return card.replaceChildren();
      const near = make("div", { className: "explorer-near" }, ...data.near[i].map((j) => {
        const step = button("", `${label(j)}, ${data.names[j]}`, () => {
          look(j, true);
          reveal(j);
          canvas.focus();
        });
        step.title = label(j);
        step.append(small(j, 34));
        return step;
      }));
      card.replaceChildren(
        make("div", { className: "explorer-one" }, small(i, clamp(data.side, 96, 128)),
          make("div", { className: "explorer-words" },
            make("strong", {}, label(i)),
            make("span", {}, `predicted: ${predicted(i)}`),
            make("span", { className: "explorer-name" }, data.names[i]))),
        make("p", {}, `Its ${data.near[i].length} nearest by their ${data.nearBy}:`), near);
      card.classList.toggle("left", across(i) > size.width / 2); // out of the way
    }

    function reveal(i) {
      const [x, y, edge] = [across(i), down(i), 40];
      const dx = x < edge ? edge - x : Math.min(size.width - edge - x, 0);
      const dy = y < edge ? edge - y : Math.min(size.height - edge - y, 0);
      if (dx || dy) move(dx, dy);
    }

    // ---- Which images: by group and by words

    function choose() {
      const words = search.value.trim().toLowerCase();
      const fits = (i) => [label(i), predicted(i), data.names[i]].some((name) => name.toLowerCase().includes(words));
      for (let i = 0; i < count; i++) isShown[i] = (!only.size || only.has(data.groups[i])) && (!words || fits(i)) ? 1 : 0;
      shown = [...Array(count).keys()].filter((i) => isShown[i]);
      found.textContent = shown.length === count ? `${count} images` : `${shown.length} of ${count} images`;
      if (current >= 0 && !isShown[current]) look(-1, false);
      draw();
    }

    function tell(group, name) {
      const size = data.groups.filter((other) => other === group).length;
      const entry = button(`${name} (${size})`, "", () => {
        only.has(group) ? only.delete(group) : only.add(group);
        entry.setAttribute("aria-pressed", String(only.has(group)));
        choose();
      });
      entry.setAttribute("aria-pressed", "false");
      const sign = make("i", {});
      sign.style.background = data.colors[group];
      entry.prepend(sign);
      return entry;
    }

    // ---- Pointers, wheel and keys

    const fingers = new Map();
    let travelled = 0;
    const at = (event) => {
      const frame = canvas.getBoundingClientRect();
      return { x: event.clientX - frame.left, y: event.clientY - frame.top };
    };
    const reach = () => Math.max(tile() * 0.6, 16);

    canvas.addEventListener("pointerdown", (event) => {
      fingers.set(event.pointerId, at(event));
      travelled = 0;
      try { canvas.setPointerCapture(event.pointerId); } catch (error) { /* the pointer is gone already */ }
    });
    canvas.addEventListener("pointermove", (event) => {
      const place = at(event);
      const before = fingers.get(event.pointerId);
      if (!before) {
        if (!held && event.pointerType !== "touch") look(nearestTo(place.x, place.y, reach()), false);
        return;
      }
      const other = [...fingers].find(([id]) => id !== event.pointerId);
      fingers.set(event.pointerId, place);
      travelled += Math.hypot(place.x - before.x, place.y - before.y);
      if (other) {
        const [, still] = other;
        const apart = (point) => Math.max(Math.hypot(point.x - still.x, point.y - still.y), 1);
        zoomAbout(apart(place) / apart(before), (place.x + still.x) / 2, (place.y + still.y) / 2);
        move((place.x - before.x) / 2, (place.y - before.y) / 2);
      } else if (travelled > 4) move(place.x - before.x, place.y - before.y);
    });
    canvas.addEventListener("pointerup", (event) => {
      const place = at(event);
      if (fingers.size === 1 && travelled <= 4) {
        const i = nearestTo(place.x, place.y, reach());
        look(held && i === current ? -1 : i, true);
      }
      fingers.delete(event.pointerId);
    });
    canvas.addEventListener("pointercancel", (event) => fingers.delete(event.pointerId));
    canvas.addEventListener("pointerleave", () => { if (!held) look(-1, false); });
    canvas.addEventListener("wheel", (event) => {
      if (view.zoom === 1 && event.deltaY > 0) return; // the page goes on
      event.preventDefault();
      const place = at(event);
      const turn = clamp(event.deltaY * (event.deltaMode ? 20 : 1), -200, 200);
      zoomAbout(Math.exp(-turn / (event.ctrlKey ? 80 : 400)), place.x, place.y); // with Ctrl: two fingers on a touchpad
    }, { passive: false });
    canvas.addEventListener("dblclick", (event) => zoomAbout(2, at(event).x, at(event).y));
    canvas.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const step = STEPS[event.key];
      if (step && event.shiftKey) move(-60 * step[0], -60 * step[1]);
      else if (step) {
        const next = current < 0 ? nearestTo(size.width / 2, size.height / 2, Infinity) : beside(current, step);
        if (next >= 0) {
          look(next, true);
          reveal(next);
        }
      } else if (event.key === "+" || event.key === "=") zoomAbout(1.5);
      else if (event.key === "-") zoomAbout(1 / 1.5);
      else if (event.key === "0") whole();
      else if (event.key === "Enter" || event.key === " ") held = current >= 0;
      else if (event.key === "Escape") current >= 0 ? look(-1, false) : close();
      else return;
      event.preventDefault();
    });
    search.addEventListener("input", choose);
    if (data.colors.length) legend.append(...data.groupNames.map((name, group) => tell(group, name)));
    new ResizeObserver(fit).observe(canvas);
    window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
    whole();
    choose();
    return box;
  }

  document.querySelectorAll(".explorer").forEach(offer);
})();
