class Page {
  constructor(labels) {
    this.labels = labels;
    this.at = [0, 0];  // the sentence's place in the list and the cell in it that the keyboard is at
    this.observer = new IntersectionObserver(seen => seen.forEach(({target, isIntersecting}) =>
      isIntersecting ? this.fill(target) : this.empty(target)), {rootMargin: "900px"});
    this.controls();
    this.view = new View(labels, this.measures);
    this.overview = new Overview(labels, word => this.ask(word));
    this.listen();
    this.open();
  }
  open() {  // what the address says
    const sentence = this.view.read();
    this.show();
    if (sentence === null) return;
    const place = this.found.indexOf(sentence);
    if (place >= 0) this.opened(this.row(place));
  }
  opened(row) {
    this.compare(row);
    row.scrollIntoView({block: "center"});
  }
  ask(word) {
    document.querySelector("form").reset();
    $("query").value = word;
    this.showIn(0);
    $("grid").scrollIntoView({block: "start"});
  }

  // What there is to choose from

  controls() {
    const {labels} = this;
    labels.labellers.forEach(({name}, place) => $("by").append(element("option", {value: place}, name)));
    $("by").value = labels.default;
    $("by").options[labels.default].defaultSelected = true;
    this.measures = Object.keys(MEASURES).filter(name => labels.measure(name, labels.default));
    for (const name of this.measures) {
      $("order").append(element("option", {value: name}, `Most ${name} first`));
      const highest = this.highest(name);
      const range = element("input", {type: "range", id: "least-" + name, min: 0, max: highest, step: .01, value: 0});
      $("least").append(element("label", {class: "field"},
        element("span", {}, `${MEASURES[name]} ≥ `, element("output", {for: range.id}, "0.00"), " nats"), range));
    }
    if (labels.gold) {
      $("only-wrong").hidden = false;
      $("order").append(element("option", {value: "mistakes"}, "Most mistakes first"));
    }
    $("order").append(element("option", {value: "place"}, "As in the corpus"));
    labels.types.forEach((type, k) => $("types").append(element("label",
      {class: "chip", style: `--c: ${COLOURS[k % COLOURS.length]}`},
      element("input", {type: "checkbox", value: k}), type, element("span", {"data-type": type}))));
  }
  highest(name) {
    const {labels} = this;
    const all = name === "entropy" ? labels.labellers.map((_, by) => labels.largestOf(name, by)) :
      [labels.largestOf(name, labels.default)];
    return (Math.ceil(Math.max(...all.map(values => values.reduce((a, b) => Math.max(a, b), 0))) / 10) / 100).toFixed(2);
  }

  // Which sentences, in which order

  get by() { return Number($("by").value); }
  chosen() {
    const {labels, by} = this, types = labels.typesOf(by), query = $("query").value.trim().toLowerCase();
    const ticked = [...$("types").querySelectorAll(":checked")].reduce((mask, box) => mask | 1 << box.value, 0);
    const least = this.measures.map(name =>
      [labels.largestOf(name, by), Math.round(1000 * $("least-" + name).value)]).filter(([, value]) => value > 0);
    const mistakes = $("wrong").checked ? labels.mistakesOf(by) : null, found = [];
    for (let s = 0; s < labels.size; s++)
      if ((!ticked || types[s] & ticked) && (!mistakes || mistakes[s]) && least.every(([values, value]) => values[s] >= value)
          && (!query || labels.searched[s].includes(query))) found.push(s);
    const order = $("order").value;
    if (order !== "place") {
      const values = order === "mistakes" ? labels.mistakesOf(by) : labels.largestOf(order, by);
      found.sort((a, b) => values[b] - values[a] || a - b);
    }
    return found;
  }
  show() {
    const {labels, by} = this;
    this.hide();
    this.overview.follow(by);
    this.found = this.chosen();
    this.at = [0, 1];
    const total = labels.size.toLocaleString("en");
    $("count").textContent = this.found.length === labels.size ? `${total} sentences` :
      `${this.found.length.toLocaleString("en")} of ${total} sentences`;
    const order = $("order").value;
    $("measure").textContent = order === "mistakes" ? "mistakes" : order === "place" ? "" : `${order}, nats`;
    labels.types.forEach((type, k) => $("types").children[k].querySelector("span").textContent =
      labels.typesOf(by).reduce((count, mask) => count + (mask >> k & 1), 0).toLocaleString("en"));
    for (const name of this.measures)
      $("least-" + name).parentNode.querySelector("output").textContent = Number($("least-" + name).value).toFixed(2);
    this.observer.disconnect();
    $("grid").setAttribute("aria-rowcount", this.found.length);
    $("grid").replaceChildren(...Array.from({length: Math.ceil(this.found.length / BLOCK)}, (_, number) =>
      element("div", {role: "rowgroup", "data-block": number, style: `height: ${this.guess(number)}px`})));
    if (this.found.length) this.fill($("grid").firstChild);
    else $("grid").append(element("p", {class: "nothing"}, "No sentence is like that."));
    for (const block of $("grid").querySelectorAll("[data-block]")) this.observer.observe(block);
  }

  showIn(milliseconds) {  // one drawing for many changes
    clearTimeout(this.later);
    this.later = setTimeout(() => {
      this.show();
      this.view.write(null);
    }, milliseconds);
  }

  // Sentences are drawn while they are near the window

  guess(block) { return this.found.slice(BLOCK * block, BLOCK * (block + 1)).length * (this.height || 43); }
  fill(block) {
    if (!block.dataset.block || block.firstChild) return;
    const first = BLOCK * Number(block.dataset.block);
    block.replaceChildren(...this.found.slice(first, first + BLOCK).map((s, n) => this.sentence(s, first + n)));
    block.style.height = "";
    this.height ||= block.offsetHeight / block.childElementCount;
  }
  empty(block) {
    if (!block.firstChild || block.contains(document.activeElement)) return;
    block.style.height = block.offsetHeight + "px";
    block.replaceChildren();
  }
  sentence(s, place) {
    const {labels, by} = this, order = $("order").value;
    const value = order === "place" ? "" : order === "mistakes" ? labels.mistakesOf(by)[s] :
      (labels.largestOf(order, by)[s] / 1000).toFixed(2);
    return element("div", {role: "row", class: "sentence", "aria-rowindex": place + 1, "data-sentence": s, "data-place": place},
      element("div", {role: "rowheader"}, element("button", {class: "number cell", type: "button", tabindex: -1,
        "aria-expanded": false, "aria-label": `Sentence ${s}: compare all labellers`}, s)),
      element("div", {role: "presentation", class: "words"}, ...this.words(s, by, place)),
      element("div", {role: "gridcell", class: "value"}, value));
  }
  words(s, by, place = null) {  // as a labeller tags them, or gold for null; with a place they are cells of the grid
    const {labels} = this, end = labels.offsets[s + 1], parts = [];
    const tags = by === null ? labels.gold : labels.arrays["tags" + by];
    for (let w = labels.offsets[s]; w < end; w++) {
      const silent = by !== null && !labels.answered(by, w), kind = tags[w] - 1 >> 1, next = w + 1 < end ? tags[w + 1] : 0;
      const more = tags[w] && next && next % 2 === 0 && next - 1 >> 1 === kind;
      const name = ["word", tags[w] && "entity", more && "more", place !== null && labels.disputed(w) && "disputed",
        silent ? "silent" : place !== null && labels.gold && tags[w] !== labels.gold[w] && "wrong"].filter(Boolean).join(" ");
      const first = place === this.at[0] && w - labels.offsets[s] + 1 === this.at[1];
      const cell = place === null ? {} : {role: "gridcell", tabindex: first ? 0 : -1, "data-word": w};
      const colour = tags[w] ? `--c: ${COLOURS[kind % COLOURS.length]}` : null;
      const told = more ? [labels.words[w], " "] : tags[w] ? [labels.words[w], element("span", {class: "mark"}, labels.types[kind])]
        : [labels.words[w]];
      parts.push(element("span", {class: name + (place === null ? "" : " cell"), style: colour, ...cell}, ...told));
      if (!more) parts.push(" ");
    }
    return parts;
  }
  compare(row) {
    const button = row.querySelector(".number"), open = row.querySelector(".compare"), s = Number(row.dataset.sentence);
    button.setAttribute("aria-expanded", !open);
    this.view.write(open ? null : s);
    if (open) return open.remove();
    this.hide();
    const lines = this.labels.labellers.map(({name}, n) => [name, n]);
    if (this.labels.gold) lines.unshift(["gold", null]);
    row.append(element("div", {class: "compare", role: "gridcell"}, ...lines.map(([name, n]) =>
      element("div", {}, element("span", {class: "who"}, name), n === null || this.labels.answeredAny(n, s) ?
        element("span", {}, ...this.words(s, n)) : element("span", {class: "silent"}, "no answer")))));
  }

  // One word's distributions

  tell(cell) {
    const {labels} = this, word = Number(cell.dataset.word), s = Number(cell.closest(".sentence").dataset.sentence);
    const told = this.measures.filter(name => name !== "entropy").map(name =>
      element("span", {"data-measure": name}, `${name} ${(labels.measure(name, this.by)[word] / 1000).toFixed(3)} nats`));
    if (labels.gold) told.push(element("span", {"data-gold": ""}, `gold ${labels.tags[labels.gold[word]]}`));
    const mixtures = labels.labellers.flatMap(({role}, n) => role === "mixture" ? [n] : []);
    const mixture = mixtures.includes(this.by) ? this.by : mixtures[0];
    const tags = labels.tags.map((_, tag) => tag).filter(tag =>
      labels.labellers.some((_, n) => labels.answered(n, word) && labels.probability(n, tag, word) >= 10));
    const head = element("tr", {}, element("th", {scope: "col"}, "%"), ...tags.map(tag => element("th", {scope: "col"}, labels.tags[tag])),
      element("th", {scope: "col"}, "entropy"), ...(mixtures.length ? [element("th", {scope: "col"}, "weight")] : []));
    const rows = labels.labellers.map(({name}, n) => {
      const weight = mixtures.length ? labels.weight(mixture, n, s, word) : null;
      const says = labels.answered(n, word) ? [...tags.map(tag => this.share(n, tag, word)),
        element("td", {"data-entropy": ""}, (labels.arrays["entropy" + n][word] / 1000).toFixed(3))] :
        [element("td", {class: "silent", colspan: tags.length + 1}, "no answer")];
      return element("tr", {"data-labeller": name}, element("th", {scope: "row"}, name), ...says,
        ...(mixtures.length ? [element("td", {"data-weight": ""}, weight === null ? "" : (weight / 1000).toFixed(3))] : []));
    });
    $("tip").replaceChildren(element("p", {}, element("b", {}, labels.words[word]), ...told),
      element("table", {}, element("thead", {}, head), element("tbody", {}, ...rows)));
    this.place(cell);
  }
  share(n, tag, word) {
    const {labels} = this, share = labels.probability(n, tag, word);
    const colour = tag ? COLOURS[(tag - 1 >> 1) % COLOURS.length] : "#8a8a8a";
    return element("td", {"data-tag": labels.tags[tag], style: `--c: ${colour}; --p: ${share / 10}`,
      class: labels.arrays["tags" + n][word] === tag ? "best" : null}, (share / 10).toFixed(1));
  }
  place(cell) {
    const tip = $("tip"), around = cell.getClientRects()[0];
    tip.hidden = false;
    tip.style.left = Math.max(8, Math.min(around.left, innerWidth - tip.offsetWidth - 8)) + "px";
    const top = this.topOf(tip.offsetHeight, around);
    if (top === undefined) return this.hide();
    tip.style.top = top + "px";
    $("grid").querySelector("[aria-describedby]")?.removeAttribute("aria-describedby");
    cell.setAttribute("aria-describedby", "tip");
  }
  topOf(height, word) {  // below the word or above it, or at an edge of the window; never over a comparison or the word
    const open = [...$("grid").querySelectorAll(".compare")].map(compared => compared.getBoundingClientRect())
      .filter(({top, bottom}) => bottom > 0 && top < innerHeight);
    const clear = top => [word, ...open].every(({top: begin, bottom}) => top + height <= begin || top >= bottom);
    const inside = top => top >= 0 && top + height <= innerHeight;
    return [word.bottom + 6, word.top - height - 6, innerHeight - height - 8, 8].find(top => inside(top) && clear(top))
      ?? (open.length ? undefined : word.bottom + 6);
  }
  hide() { $("tip").hidden = true; }

  // Mouse, touch and keyboard

  listen() {
    const form = document.querySelector("form"), grid = $("grid"), {labels} = this;
    form.addEventListener("input", () => this.showIn(60));
    form.addEventListener("submit", event => event.preventDefault());
    form.addEventListener("reset", () => this.showIn(0));
    grid.addEventListener("pointerover", ({target}) => {
      const word = target.closest("[data-word]");
      if (word) this.tell(word);
    });
    grid.addEventListener("pointerleave", ({pointerType}) => {
      if (pointerType !== "touch") this.hide();
    });
    grid.addEventListener("focusin", ({target}) => {
      const cell = target.closest(".cell"), row = target.closest(".sentence");
      if (!cell) return;
      this.become(row, [...row.querySelectorAll(".cell")].indexOf(cell));
      if (cell.dataset.word) this.tell(cell);
      else this.hide();
    });
    grid.addEventListener("click", ({target}) => {
      const cell = target.closest(".cell");
      if (cell?.dataset.word) cell.focus({preventScroll: true});
      else if (cell) this.compare(cell.closest(".sentence"));
    });
    grid.addEventListener("keydown", event => this.key(event));
    document.addEventListener("keydown", ({key}) => {
      if (key === "Escape") this.hide();
    });
    addEventListener("hashchange", () => this.open());
    $("csv").addEventListener("click", () => {
      const file = new Blob([csvOf(labels, this.found, this.by, this.measures)], {type: "text/csv"});
      const link = element("a", {href: URL.createObjectURL(file), download: labels.name.replaceAll("/", "-") + ".csv"});
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    });
    addEventListener("scroll", () => {
      const cell = $("tip").hidden ? null : grid.querySelector("[aria-describedby]");
      if (cell) this.place(cell);
      else this.hide();
    }, {passive: true});
  }
  become(row, cell) {  // the one cell that Tab reaches
    $("grid").querySelector('.cell[tabindex="0"]')?.setAttribute("tabindex", -1);
    this.at = [Number(row.dataset.place), cell];
    row.querySelectorAll(".cell")[cell].setAttribute("tabindex", 0);
  }
  key(event) {
    const row = event.target.closest(".sentence"), [place, cell] = this.at, last = this.found.length - 1;
    const cells = row ? row.querySelectorAll(".cell").length : 0;
    const far = event.ctrlKey || event.metaKey;
    const to = {
      ArrowLeft: [place, cell - 1], ArrowRight: [place, cell + 1], ArrowUp: [place - 1, cell], ArrowDown: [place + 1, cell],
      PageUp: [Math.max(0, place - 10), cell], PageDown: [Math.min(last, place + 10), cell],
      Home: far ? [0, 1] : [place, 0], End: far ? [last, 1] : [place, cells - 1],
    }[event.key];
    if (to) {
      event.preventDefault();
      this.go(...to);
    } else if (event.key === "Enter" && row && event.target.dataset.word) {
      event.preventDefault();
      this.compare(row);
    }
  }
  row(place) {  // drawn, if it is not
    const block = $("grid").children[Math.floor(place / BLOCK)];
    this.fill(block);
    return block.querySelector(`[data-place="${place}"]`);
  }
  go(place, cell) {
    if (place < 0 || place >= this.found.length) return;
    const row = this.row(place), cells = row.querySelectorAll(".cell");
    const target = cells[Math.max(0, Math.min(cell, cells.length - 1))];
    row.scrollIntoView({block: "nearest"});
    target.focus({preventScroll: true});
  }
}
