// A view in the address, #by=student:learned&query=Bonn&sentence=12, so that it can be sent and opened again.
class View {
  constructor(labels, measures) {
    Object.assign(this, {labels, measures});
    this.start = $("order").value;
  }
  controls() { return [...this.measures.map(name => $("least-" + name)), $("query")]; }
  write(sentence) {
    const parts = new URLSearchParams(), by = Number($("by").value);
    if (by !== this.labels.default) parts.set("by", this.labels.labellers[by].name);
    if ($("order").value !== this.start) parts.set("order", $("order").value);
    for (const {id, value} of this.controls()) if (value && Number(value) !== 0) parts.set(id, value);
    const types = [...$("types").querySelectorAll(":checked")].map(({value}) => this.labels.types[value]);
    if (types.length) parts.set("types", types.join(" "));
    if ($("wrong").checked) parts.set("wrong", 1);
    if (sentence !== null) parts.set("sentence", sentence);
    history.replaceState(null, "", "#" + parts);
  }
  read() {  // sets the controls; gives the sentence to show, or null
    const parts = new URLSearchParams(location.hash.slice(1)), types = (parts.get("types") ?? "").split(" ");
    const by = this.labels.labellers.findIndex(({name}) => name === parts.get("by"));
    $("by").value = by < 0 ? this.labels.default : by;
    $("order").value = parts.get("order") ?? this.start;
    if ($("order").selectedIndex < 0) $("order").value = this.start;
    for (const control of this.controls()) control.value = parts.get(control.id) ?? control.defaultValue;
    for (const box of $("types").querySelectorAll("input")) box.checked = types.includes(this.labels.types[box.value]);
    $("wrong").checked = parts.has("wrong") && Boolean(this.labels.gold);
    const sentence = Number(parts.get("sentence") ?? NaN);
    return Number.isInteger(sentence) && sentence >= 0 && sentence < this.labels.size ? sentence : null;
  }
}

// The sentences of a view as CSV, a line a word. A spreadsheet takes what begins like a formula for one: ' goes before.
function csvOf(labels, sentences, by, measures) {
  const quoted = text => `"${(/^[=+\-@\t\r]/.test(text) ? "'" + text : text).replaceAll('"', '""')}"`;
  const names = labels.labellers.map(({name}) => name);
  const head = ["sentence", "word", ...names, ...(labels.gold ? ["gold"] : []), ...measures];
  const lines = sentences.flatMap(s => Array.from({length: labels.offsets[s + 1] - labels.offsets[s]}, (_, n) => {
    const word = labels.offsets[s] + n;
    const tags = names.map((_, m) => labels.answered(m, word) ? labels.tags[labels.arrays["tags" + m][word]] : "");
    const numbers = measures.map(name => (labels.measure(name, by)[word] / 1000).toFixed(3));
    return [s, quoted(labels.words[word]), ...tags, ...(labels.gold ? [labels.tags[labels.gold[word]]] : []), ...numbers];
  }));
  return [head.map(quoted), ...lines].map(line => line.join(",") + "\n").join("");
}
