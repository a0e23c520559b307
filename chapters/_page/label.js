// Labels images one at a time, and compares the answers with the truth and the model's, once they are given.
// What is asked about stands in window.labelling; answers are kept in localStorage until they are exported.
(function () {
  "use strict";

  const data = window.labelling;
  const count = data.images.length;
  const MOST = 5; // choices
  const UNKNOWN = "na"; // the response of somebody who does not know
  const book = document.getElementById("main").dataset.book;
  const KEY = `cnnviz label ${book} ${data.key}`;
  const SMALL = 160; // pixels, below which an image is shown with its pixels as squares
  const $ = (id) => document.getElementById(id);

  function make(name, properties, ...children) {
    const node = Object.assign(document.createElement(name), properties);
    node.append(...children);
    return node;
  }

  const word = (text) => make("bdi", {}, text); // a name in any script leaves the text around it as it is
  const NET = data.sameNames ? (data.outputs > data.names.length ? `, of these ${data.names.length} names` : "") : `, of its ${data.outputs} outputs`;
  const plural = (n, what) => `${n} ${what}${n === 1 ? "" : "s"}`;
  const percent = (share) => `${(100 * share).toFixed(1)} %`;

  // ---- What is kept --------------------------------------------------------------------------------------------

  const fresh = () => ({ observer: "", at: 0, smooth: false, letters: true, answers: {} });
  let state = fresh();

  function load() {
    try {
      const kept = JSON.parse(localStorage.getItem(KEY));
      if (kept && typeof kept.answers === "object") state = Object.assign(fresh(), kept);
    } catch (error) {
      trouble();
    }
  }

  function save() {
    try {
      localStorage.setItem(KEY, JSON.stringify(state));
    } catch (error) {
      trouble();
    }
  }

  function trouble() {
    $("trouble").hidden = false;
    $("trouble").textContent = "This browser keeps nothing for this page: export your answers before you close it.";
  }

  // An answer: its choices in order, whether it is recorded, the seconds that it took, and what has been shown since.
  function answer(i = state.at) {
    return state.answers[i] ||= { choices: [], done: false, seconds: 0, truth: false, said: false };
  }

  const recorded = () => Object.keys(state.answers).map(Number).filter((i) => state.answers[i].done).sort((a, b) => a - b);
  const final = (one) => one.truth || one.said;

  // ---- Time: of an image without a recorded answer, while the page is seen and no dialog is open ----------------

  let since = null;

  function tick() { // adds what has passed, and says whether the clock goes on
    const now = performance.now();
    if (since !== null) answer().seconds += (now - since) / 1000;
    const asking = !$("work").hidden && !answer().done && !document.querySelector("dialog[open]");
    since = asking && document.visibilityState === "visible" ? now : null;
  }

  // ---- The classes ---------------------------------------------------------------------------------------------

  const options = []; // {label, node, family, text}, in the order in which they stand
  let active = -1; // of options

  const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

  function list() {
    let group = null;
    const withTiles = data.examples.some((strip) => strip.count);
    $("classes").classList.toggle("plain", !withTiles);
    for (const label of data.order) {
      const family = data.families[label];
      if (!group || group.dataset.family !== family) {
        group = make("div", {});
        group.dataset.family = family;
        if (family) {
          group.setAttribute("role", "group");
          group.setAttribute("aria-label", family);
          const title = make("div", { className: "family", dir: "auto" }, family);
          title.setAttribute("aria-hidden", "true");
          group.append(title);
        } else {
          group.setAttribute("role", "presentation");
        }
        $("classes").append(group);
      }
      const place = options.length;
      const node = make("div", { id: `class-${label}` }, make("span", { className: "word" }, word(data.names[label])));
      node.setAttribute("role", "option");
      node.setAttribute("aria-selected", "false");
      if (withTiles) node.append(tiles(data.examples[label]));
      node.addEventListener("click", () => { take(place); });
      node.addEventListener("mousedown", (event) => event.preventDefault()); // the focus stays where it is
      group.append(node);
      options.push({ label, node, group, text: plain(`${data.names[label]} ${family}`), name: plain(data.names[label]) });
    }
  }

  // The examples of a class, each a part of one picture. They are decoded when they come near to the screen.
  const near = new IntersectionObserver((seen) => {
    for (const { target, isIntersecting } of seen) {
      if (!isIntersecting) continue;
      for (const tile of target.children) tile.style.backgroundImage = target.strip;
      near.unobserve(target);
    }
  }, { rootMargin: "800px" });

  function tiles(strip) {
    const box = make("div", { className: "tiles" });
    box.setAttribute("aria-hidden", "true");
    box.strip = `url("${strip.picture}")`;
    for (let k = 0; k < strip.count; k++) {
      const tile = make("i", {});
      tile.style.backgroundPosition = `${strip.count > 1 ? 100 * k / (strip.count - 1) : 0}% 0`;
      tile.style.backgroundSize = `${100 * strip.count}% 100%`;
      tile.style.aspectRatio = `${strip.width} / ${strip.height}`;
      tile.style.setProperty("--width", `${strip.width}px`);
      box.append(tile);
    }
    if (strip.count) near.observe(box);
    return box;
  }

  function search() {
    const words = plain($("search").value).split(/\s+/).filter(Boolean);
    let [best, most] = [-1, -1];
    let shown = 0;
    options.forEach((option, place) => {
      const fits = words.every((part) => option.text.includes(part));
      option.node.hidden = !fits;
      if (!fits) return;
      shown += 1;
      const likeness = alike(option.name, words.join(" "));
      if (likeness > most) [best, most] = [place, likeness];
    });
    for (const group of $("classes").children) group.hidden = !group.querySelector("[role=option]:not([hidden])");
    $("found").textContent = words.length ? `${shown} of ${options.length} classes` : "";
    mark(words.length ? best : -1);
  }

  function alike(name, asked) { // what is most likely meant is marked
    if (name === asked) return 3;
    return name.startsWith(asked) ? 2 : ` ${name}`.includes(` ${asked}`) ? 1 : 0;
  }

  function mark(place) {
    if (active >= 0) options[active].node.classList.remove("active");
    active = place;
    if (place < 0) return $("search").removeAttribute("aria-activedescendant");
    const node = options[place].node;
    node.classList.add("active");
    $("search").setAttribute("aria-activedescendant", node.id);
    node.scrollIntoView({ block: "nearest" });
  }

  function walk(steps) {
    const places = options.map((_, place) => place).filter((place) => !options[place].node.hidden);
    if (!places.length) return;
    const at = places.indexOf(active);
    const to = at < 0 ? (steps > 0 ? 0 : places.length - 1) : Math.min(Math.max(at + steps, 0), places.length - 1);
    mark(places[to]);
  }

  // ---- The choices ---------------------------------------------------------------------------------------------

  function say(text) {
    $("said-aloud").textContent = text;
  }

  function take(place) {
    const one = answer();
    const { label } = options[place];
    if (one.done) return say("This answer is recorded. Change my answer opens it again.");
    const at = one.choices.indexOf(label);
    if (at >= 0) return remove(at);
    if (one.choices.length === MOST) return hint(`There is room for ${MOST} choices. Remove one first.`);
    one.choices.push(label);
    say(`${data.names[label]} is choice ${one.choices.length}.`);
    cleared();
  }

  function cleared() { // after a change of choices
    $("search").value = "";
    search();
    tick();
    save();
    show();
  }

  function remove(at) {
    const [label] = answer().choices.splice(at, 1);
    say(`${data.names[label]} is removed.`);
    cleared();
  }

  function shift(at, by) {
    const { choices } = answer();
    const to = at + by;
    if (to < 0 || to >= choices.length) return;
    [choices[at], choices[to]] = [choices[to], choices[at]];
    say(`${data.names[choices[to]]} is choice ${to + 1}.`);
    tick();
    save();
    show();
    choiceButton(to).focus();
  }

  const choiceButton = (k) => $("choices").querySelectorAll(".name")[k];

  function choice(label, k, one) {
    const name = data.names[label];
    const row = make("li", {}, make("span", { className: "rank" }, `${k + 1}.`));
    const head = make("button", { type: "button", className: "name", disabled: one.done }, word(name));
    head.addEventListener("keydown", (event) => {
      const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
      if (by) {
        event.preventDefault();
        shift(k, by);
      } else if (event.key === "Delete" || event.key === "Backspace") {
        event.preventDefault();
        remove(k);
        (choiceButton(Math.min(k, one.choices.length - 1)) || $("search")).focus();
      }
    });
    head.setAttribute("aria-label", `Choice ${k + 1}: ${name}. Arrows move it, Delete removes it.`);
    row.append(head);
    if (one.done) return row;
    const acts = [["↑", `Move ${name} up`, () => shift(k, -1), k === 0],
      ["↓", `Move ${name} down`, () => shift(k, 1), k === one.choices.length - 1],
      ["×", `Remove ${name}`, () => { remove(k); $("search").focus(); }, false]];
    for (const [sign, label_, act, disabled] of acts) {
      const button = make("button", { type: "button", disabled }, sign);
      button.setAttribute("aria-label", label_);
      button.addEventListener("click", act);
      row.append(button);
    }
    return row;
  }

  function hint(text) {
    $("hint").textContent = text;
    say(text);
  }

  // ---- One image -----------------------------------------------------------------------------------------------

  function show() {
    const one = answer();
    const done = recorded().length;
    $("which").textContent = `Image ${state.at + 1} of ${count}`;
    $("progress").textContent = `${state.observer}: ${done} of ${count} answered`;
    $("choices").replaceChildren(...one.choices.map((label, k) => choice(label, k, one)));
    $("choices").hidden = !one.choices.length;
    $("hint").textContent = one.done
      ? (one.choices.length ? `Recorded after ${one.seconds.toFixed(1)} s.` : "Recorded: you do not know.")
      : one.choices.length ? "" : `Choose up to ${MOST} classes, the likeliest first.`;
    $("done").hidden = $("unknown").hidden = one.done;
    $("done").disabled = !one.choices.length;
    $("unknown").disabled = one.choices.length > 0;
    $("change").hidden = !one.done || final(one);
    $("truth").hidden = !one.done || one.truth;
    $("said").hidden = !one.done || one.said;
    $("previous").disabled = state.at === 0;
    $("next").textContent = state.at + 1 < count ? "Next image" : "Summary";
    $("classes").setAttribute("aria-disabled", String(one.done));
    options.forEach(({ label, node }) => {
      const rank = one.choices.indexOf(label);
      node.setAttribute("aria-selected", String(rank >= 0));
      node.firstChild.dataset.rank = rank + 1;
    });
    tell(one);
  }

  function tell(one) {
    const told = [];
    if (one.truth) {
      const name = data.names[data.truth[state.at]];
      const rank = one.choices.indexOf(data.truth[state.at]);
      const verdict = rank === 0 ? "You are right." : rank > 0 ? `It is your choice ${rank + 1}.` : "It is not among your choices.";
      told.push(make("p", {}, "The answer: ", make("strong", {}, word(name)), ". ",
        make("span", { className: rank === 0 ? "right" : rank > 0 ? "" : "wrong" }, verdict)));
    }
    if (one.said) {
      told.push(make("p", {}, `${data.model} said${NET}:`));
      told.push(make("ol", {}, ...data.said[state.at].map(([name, probability]) => {
        const line = make("li", {}, make("span", {}, probability < 0.0005 ? "< 0.1 %" : percent(probability)), word(name));
        line.style.setProperty("--share", `${100 * probability}%`);
        return line;
      })));
      if (one.truth && data.ranks) {
        const rank = data.ranks[state.at];
        told.push(make("p", {}, rank === 0 ? "The net is right." : `The answer is number ${rank + 1} of its list.`));
      }
    }
    $("told").replaceChildren(...told);
  }

  function view(i) {
    tick();
    state.at = Math.min(Math.max(i, 0), count - 1);
    $("image").src = data.images[state.at];
    $("image").alt = `Image ${state.at + 1}, whose class is asked for`;
    $("search").value = "";
    search();
    since = null;
    tick();
    save();
    show();
    window.scrollTo(0, 0);
    $(answer().done ? "next" : "search").focus({ preventScroll: true });
    say(`Image ${state.at + 1} of ${count}`);
  }

  function record(unknown) {
    const one = answer();
    if (one.done || (!unknown && !one.choices.length)) return;
    tick();
    one.done = true;
    since = null;
    save();
    show();
    $("next").focus();
    say("Your answer is recorded.");
  }

  function change() {
    answer().done = false;
    tick();
    save();
    show();
    $("search").focus();
  }

  function reveal(what) { // after that, the answer stays as it is
    const one = answer();
    if (!one.done || one[what]) return;
    one[what] = true;
    save();
    show();
    $("next").focus();
  }

  function go(by) {
    if (state.at + by < count) return view(state.at + by);
    summarise();
  }

  // ---- The file ------------------------------------------------------------------------------------------------

  function csv() {
    const quoted = (text) => /[",\r\n]|^\s|\s$|^$/.test(text) ? `"${text.replace(/"/g, '""')}"` : text;
    const lines = [["image", "observer", "response", "seconds"]];
    for (const i of recorded()) {
      const one = state.answers[i];
      const response = one.choices.map((label) => data.names[label]).join("|") || UNKNOWN;
      lines.push([data.ids[i], state.observer, response, one.seconds.toFixed(1)]);
    }
    return lines.map((line) => line.map(quoted).join(",") + "\r\n").join("");
  }

  function download() {
    if (!recorded().length) return hint("There is no answer to export yet.");
    const name = `responses-${book}-${state.observer.match(/[\p{L}\p{N}]+/gu)?.join("_") || "mine"}.csv`;
    const link = make("a", { href: URL.createObjectURL(new Blob([csv()], { type: "text/csv;charset=utf-8" })), download: name });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
    $("csv").value = csv();
    $("exported-text").replaceChildren(`${plural(recorded().length, "answer")} in `, make("code", {}, word(name)),
      ". The book holds your comparison after ", make("code", {}, `cnnviz notes … dataset.responses=${name}`),
      ". The files of several people can be put below each other, with one first line.");
    open("exported");
  }

  // ---- The summary ---------------------------------------------------------------------------------------------

  function summarise() {
    const done = recorded();
    if (!done.length) return hint("There is no answer yet to sum up.");
    const open_ = done.filter((i) => !final(state.answers[i])).length;
    const go_ = () => {
      for (const i of done) state.answers[i].truth = state.answers[i].said = true;
      tick();
      since = null;
      save();
      page("summary");
      sums(done);
      $("summed").focus();
    };
    if (!open_) return go_();
    ask("Sum up now?", `The right answers are shown. ${plural(open_, "recorded answer")} can then no longer be changed.`, go_);
  }

  function table(title, head, rows, className = "") {
    const cells = (tag, line) => line.map((text, k) => {
      const cell = make(k ? tag : "th", {}, text);
      if (tag === "th" || !k) cell.scope = tag === "th" ? "col" : "row";
      return cell;
    });
    return make("table", { className }, make("caption", {}, title), make("thead", {}, make("tr", {}, ...cells("th", head))),
      make("tbody", {}, ...rows.map((line) => make("tr", {}, ...cells("td", line)))));
  }

  function sums(done) {
    const place = (i) => state.answers[i].choices.indexOf(data.truth[i]);
    const you = (i, k) => place(i) >= 0 && place(i) < k;
    const net = (i, k) => data.ranks[i] < k;
    const share = (right, k) => percent(done.filter((i) => right(i, k)).length / done.length);
    const times = done.map((i) => state.answers[i].seconds).sort((a, b) => a - b);
    const middle = (times[(times.length - 1) >> 1] + times[times.length >> 1]) / 2;
    const parts = [make("p", {}, `${plural(done.length, "image")} of ${count}; the median of your times is ${middle.toFixed(1)} s. `
      + `You chose among ${plural(data.names.length, "name")}, the net ${data.sameNames ? "among the same" : `among its ${data.outputs} outputs`}.`)];
    const rows = [[word(state.observer), share(you, 1), share(you, MOST)]];
    if (data.ranks) rows.push([data.model, share(net, 1), share(net, MOST)]);
    parts.push(table("Right on these images", ["", "first choice", `among ${MOST} choices`], rows));
    if (data.ranks) {
      for (const k of [1, MOST]) {
        const both = (a, b) => String(done.filter((i) => you(i, k) === a && net(i, k) === b).length);
        parts.push(table(k === 1 ? "First choice" : `Among ${MOST} choices`, ["", "net right", "net wrong"],
          [["you right", both(true, true), both(true, false)], ["you wrong", both(false, true), both(false, false)]]));
      }
    } else {
      parts.push(make("p", {}, "The classes are not the model’s: whether the net is right cannot be said."));
    }
    const wrong = done.filter((i) => place(i) !== 0);
    if (wrong.length) {
      parts.push(make("div", { className: "table" }, table("Where your first choice was another", ["Image", "The answer", "Your choices", "The net’s first"],
        wrong.map((i) => [String(i + 1), word(data.names[data.truth[i]]),
          word(state.answers[i].choices.map((label) => data.names[label]).join(", ") || "you do not know"), word(data.said[i][0][0])]), "words")));
    }
    $("sums").replaceChildren(...parts);
  }

  // ---- The page ------------------------------------------------------------------------------------------------

  function page(which) {
    for (const id of ["start", "work", "summary"]) $(id).hidden = id !== which;
    $("tools").hidden = which === "start";
    $("progress").hidden = which === "start";
  }

  function open(id) {
    $(id).showModal();
    tick();
  }

  function ask(title, text, act) {
    $("sure-title").textContent = title;
    $("sure-text").textContent = text;
    $("sure").returnValue = "no";
    $("sure").onclose = () => $("sure").returnValue === "yes" ? act() : tick();
    open("sure");
  }

  function work() {
    page("work");
    view(state.at);
  }

  function erase() {
    ask("Erase all answers?", "They are gone from this browser, and somebody else can begin. Export them first.", () => {
      since = null;
      state = fresh();
      save();
      page("start");
      $("observer").value = "";
      $("observer").focus();
    });
  }

  function look() {
    const pixels = Math.max(data.width, data.height) < SMALL;
    $("smooth").hidden = !pixels;
    $("smooth").setAttribute("aria-pressed", String(state.smooth));
    $("image").classList.toggle("pixels", pixels && !state.smooth);
  }

  const LETTERS = {
    n: () => go(1), p: () => go(-1), a: () => reveal("truth"), m: () => reveal("said"), e: download, s: summarise,
    "/": () => $("search").focus(),
  };

  function pressed(event) {
    if (event.defaultPrevented || document.querySelector("dialog[open]")) return;
    if (event.key === "?" && !event.target.matches("input, textarea") && state.letters) return open("keys");
    if ($("work").hidden) return;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      return record(false);
    }
    const typing = event.target.matches("input, textarea");
    if (typing || event.ctrlKey || event.metaKey || event.altKey || !state.letters) return;
    const at = "12345".indexOf(event.key);
    const act = at >= 0 ? () => choiceButton(at) && choiceButton(at).focus() : LETTERS[event.key];
    if (!act) return;
    event.preventDefault();
    if (!event.repeat) act();
  }

  function searching(event) {
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 }[event.key];
    if (event.isComposing || event.ctrlKey || event.metaKey) return;
    if (steps) {
      event.preventDefault();
      walk(steps);
    } else if (event.key === "Enter") {
      event.preventDefault();
      if (event.repeat) return;
      if (active >= 0) take(active);
      else if (!$("search").value.trim()) record(false);
    } else if (event.key === "Backspace" && !$("search").value && !answer().done && answer().choices.length) {
      event.preventDefault();
      remove(answer().choices.length - 1);
    } else if (event.key === "Escape") {
      event.preventDefault();
      if ($("search").value || active >= 0) {
        $("search").value = "";
        search();
      } else {
        $("which").focus({ preventScroll: true });
      }
    }
  }

  function begin(event) {
    event.preventDefault();
    const name = $("observer").value.trim().replace(/\s+/g, " ");
    if (!name) return;
    state.observer = name;
    work();
  }

  const clicks = {
    done: () => record(false), unknown: () => record(true), change, truth: () => reveal("truth"), said: () => reveal("said"),
    previous: () => go(-1), next: () => go(1), export: download, sum: summarise, back: work, help: () => open("keys"), "first-help": () => open("keys"), erase,
    smooth: () => { state.smooth = !state.smooth; save(); look(); },
  };
  for (const [id, act] of Object.entries(clicks)) $(id).addEventListener("click", act);
  $("begin").addEventListener("submit", begin);
  $("search").addEventListener("input", search);
  $("search").addEventListener("keydown", searching);
  $("letters").addEventListener("change", () => { state.letters = $("letters").checked; save(); });
  document.addEventListener("keydown", pressed);
  for (const id of ["keys", "exported"]) $(id).addEventListener("close", tick);
  for (const name of ["visibilitychange", "pagehide"]) {
    document.addEventListener(name, () => { tick(); save(); });
    window.addEventListener(name, () => { tick(); save(); });
  }

  $("about").textContent = `You see ${plural(count, "image")}, one at a time, as ${data.model} sees them: `
    + `${data.height} × ${data.width} pixels, whatever was cut off before. For each you choose up to ${MOST} of `
    + `${data.names.length} classes, the likeliest first. Only after your answer can you see the right one, and what the net said.`;
  $("origin").textContent = data.origin;
  list();
  load();
  $("letters").checked = state.letters;
  look();
  if (state.observer) work();
  else page("start");
})();
