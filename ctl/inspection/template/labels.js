async function unpack(id) {
  const packed = atob($(id).textContent.trim()), bytes = new Uint8Array(packed.length);
  for (let i = 0; i < packed.length; i++) bytes[i] = packed.charCodeAt(i);
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).arrayBuffer();
}

class Labels {
  constructor(about, numbers) {
    Object.assign(this, about);
    const kinds = {u4: Uint32Array, u2: Uint16Array, u1: Uint8Array};
    this.arrays = Object.fromEntries(Object.entries(about.arrays).map(
      ([name, {type, at, size}]) => [name, new kinds[type](numbers, at, size)]));
    this.sentences = about.text.split("\n");
    this.words = this.sentences.flatMap(sentence => sentence.split("\t"));
    this.searched = this.sentences.map(sentence => sentence.replaceAll("\t", " ").toLowerCase());
    this.gold = this.arrays.gold;
    this.offsets = this.arrays.offsets;
    this.size = this.sentences.length;
    this.largest = {};
  }
  measure(name, by) {  // thousandths of a nat of each word, or undefined
    if (name === "disagreement") return this.arrays.disagreement;
    if (name === "entropy") return this.arrays["entropy" + by];
    const students = this.labellers.flatMap(({role}, place) => role === "student" ? [place] : []);
    return this.arrays["departure" + (students.includes(by) ? by : students[0])];
  }
  largestOf(name, by) {  // of each sentence's words
    const key = name + by;
    return this.largest[key] ??= this.perSentence(new Uint16Array(this.size), (most, word, values) =>
      Math.max(most, values[word]), this.measure(name, by));
  }
  typesOf(by) {  // bit k: an entity of type k
    return this.largest["types" + by] ??= this.perSentence(new Uint32Array(this.size), (mask, word, tags) =>
      tags[word] ? mask | 1 << (tags[word] - 1 >> 1) : mask, this.arrays["tags" + by]);
  }
  mistakesOf(by) {
    return this.largest["mistakes" + by] ??= this.perSentence(new Uint16Array(this.size), (sum, word, tags) =>
      sum + (this.answered(by, word) && tags[word] !== this.gold[word]), this.arrays["tags" + by]);
  }
  perSentence(result, add, values) {
    for (let s = 0; s < this.size; s++)
      for (let w = this.offsets[s]; w < this.offsets[s + 1]; w++) result[s] = add(result[s], w, values);
    return result;
  }
  disputed(word) {
    const tags = this.labellers.flatMap(({role}, n) =>
      role === "teacher" && this.answered(n, word) ? [this.arrays["tags" + n][word]] : []);
    return tags.some(tag => tag !== tags[0]);
  }
  probability(by, tag, word) { return this.arrays["probs" + by][tag * this.words.length + word]; }
  answered(n, word) { return this.arrays["labelled" + n]?.[word] !== 0; }
  answeredAny(n, sentence) {
    for (let w = this.offsets[sentence]; w < this.offsets[sentence + 1]; w++) if (this.answered(n, w)) return true;
    return false;
  }
  weight(mixture, teacher, sentence, word) {  // those who gave no answer have none, the others share it
    const weights = this.arrays["weights" + mixture], {weighs} = this.labellers[mixture];
    const first = weights.length > weighs.length ? sentence * weighs.length : 0;
    const numbers = weighs.map(name => this.labellers.findIndex(labeller => labeller.name === name));
    const silent = n => n >= 0 && !this.answered(n, word), place = numbers.indexOf(teacher);
    if (place < 0 || silent(teacher)) return null;
    if (!numbers.some(silent)) return weights[first + place];
    const heard = numbers.reduce((sum, n, other) => sum + (silent(n) ? 0 : weights[first + other]), 0);
    return 1000 * weights[first + place] / Math.max(1, heard);
  }
}
