// What there is to see at a glance; only the histogram depends on the chosen labeller.
class Overview {
  constructor(labels, ask) {  // ask: looks for a word
    Object.assign(this, labels.overview, {labels, names: labels.labellers.map(({name}) => name)});
    $("agreement").append(this.matrix());
    $("entities").append(this.table());
    $("disputed").append(...this.words(ask));
    $("disputed").closest("figure").hidden = !this.disputed.length;
  }
  row(name, cells) { return element("tr", {}, element("th", {scope: "row"}, name), ...cells); }
  heads(names) {
    return element("thead", {}, element("tr", {}, element("td"), ...names.map(name => element("th", {scope: "col"}, name))));
  }
  matrix() {
    const lines = this.agreement.map((shares, n) => this.row(`${n + 1} ${this.names[n]}`, shares.map((share, other) =>
      element("td", {style: `--p: ${other === n ? 0 : share}`}, other === n ? "" : share))));
    return element("table", {}, this.heads(this.names.map((_, n) => n + 1)), element("tbody", {}, ...lines));
  }
  table() {
    const counts = this.entities.map((numbers, n) => [this.names[n], numbers]);
    if (this.gold) counts.unshift(["gold", this.gold]);
    const most = Math.max(1, ...counts.flatMap(([, numbers]) => numbers));
    const lines = counts.map(([name, numbers]) => this.row(name, numbers.map((number, k) => element("td",
      {style: `--p: ${100 * number / most}; --c: ${COLOURS[k % COLOURS.length]}`}, number.toLocaleString("en")))));
    return element("table", {}, this.heads(this.labels.types), element("tbody", {}, ...lines));
  }
  words(ask) {
    return this.disputed.map(({word, disputed, times, answers}) => {
      const told = Object.entries(answers).map(([tag, count]) => `${tag} ${count}`).join(", ");
      const button = element("button", {type: "button", title: `${told} (answers where it is disputed)`},
        word, element("span", {}, `${disputed} of ${times}`));
      button.addEventListener("click", () => ask(word));
      return button;
    });
  }
  follow(by) {  // heights are logarithmic: most words are certain
    const counts = this.entropy[by], most = Math.log1p(Math.max(1, ...counts)), step = this.most / counts.length;
    $("whose").textContent = this.names[by];
    $("highest").textContent = `${this.most.toFixed(2)} nats`;
    $("histogram").replaceChildren(...counts.map((count, n) => element("i", {
      style: `height: ${100 * Math.log1p(count) / most}%`,
      title: `${count.toLocaleString("en")} words from ${(n * step).toFixed(2)} to ${((n + 1) * step).toFixed(2)} nats`})));
    $("histogram").setAttribute("aria-label", `Words by entropy from 0 to ${this.most} nats: ${counts.join(", ")}`);
  }
}
