/**
 * Reads the text that Python's `str()` makes of a list or a dictionary: `['MIGRATE', 'OWN_ACTION']`, `{'a': True}`.
 * Ceilometer turns every list and dictionary of an event into such text and cuts it at 255 characters, so it comes
 * from a stranger and may be broken: it is parsed here, never evaluated. JSON is understood as well.
 */
export function parsePythonText(text: string): unknown {
  const tokens = text.match(TOKEN) ?? [];
  if (tokens.join("") !== text) throw new SyntaxError(`not a Python value: ${text}`);
  const reader = new Reader(tokens.filter((token) => token.trim() !== ""));
  const value = reader.value();
  if (!reader.atEnd()) throw new SyntaxError(`something follows the value: ${text}`);
  return value;
}

/** A string (Python 2 writes `u'…'`), a number, a word, a bracket or comma, or white space. */
const TOKEN = /u?'(?:[^'\\]|\\.)*'|u?"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*|[A-Za-z]+|[[\]{}(),:]|\s+/gs;

const words = new Map<string, unknown>([
  ["True", true],
  ["False", false],
  ["None", null],
  ["true", true],
  ["false", false],
  ["null", null],
]);

const escapes = new Map([
  ["n", "\n"],
  ["t", "\t"],
  ["r", "\r"],
]);

class Reader {
  #next = 0;
  readonly #tokens: readonly string[];

  constructor(tokens: readonly string[]) {
    this.#tokens = tokens;
  }

  atEnd(): boolean {
    return this.#next === this.#tokens.length;
  }

  value(): unknown {
    const token = this.#take();
    if (token === "[") return this.#items("]", () => this.value());
    if (token === "(") return this.#items(")", () => this.value());
    if (token === "{") return Object.fromEntries(this.#items("}", () => this.#entry()));
    if (words.has(token)) return words.get(token);
    if (/^u?['"]/.test(token)) return unquote(token);
    const number = Number(token);
    if (Number.isNaN(number)) throw new SyntaxError(`unexpected ${token}`);
    return number;
  }

  #entry(): [string, unknown] {
    const key = String(this.value());
    this.#expect(":");
    return [key, this.value()];
  }

  /** Items up to the closing bracket; Python allows a comma after the last one. */
  #items<Item>(close: string, item: () => Item): Item[] {
    const items: Item[] = [];
    while (this.#tokens[this.#next] !== close) {
      items.push(item());
      if (this.#tokens[this.#next] !== close) this.#expect(",");
    }
    this.#expect(close);
    return items;
  }

  #expect(token: string): void {
    const got = this.#take();
    if (got !== token) throw new SyntaxError(`expected ${token}, not ${got}`);
  }

  #take(): string {
    const token = this.#tokens[this.#next];
    if (token === undefined) throw new SyntaxError("the text ends too early");
    this.#next += 1;
    return token;
  }
}

const unquote = (token: string): string =>
  token
    .slice(token.startsWith("u") ? 2 : 1, -1)
    .replace(
      /\\(?:x([\da-f]{2})|u([\da-f]{4})|(.))/gis,
      (_, hex: string | undefined, unicode: string | undefined, character = "") => {
        const code = hex ?? unicode;
        return code === undefined ? (escapes.get(character) ?? character) : String.fromCodePoint(parseInt(code, 16));
      },
    );
