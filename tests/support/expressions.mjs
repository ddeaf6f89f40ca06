// Evaluates GitHub Actions text with GitHub's own evaluator: `node expressions.mjs NODE_MODULES < request > answer`.
// The request is {"items": [{"kind": "text" | "condition", "text": "..."}], "contexts": {...}, "status": {...}}. A text
// has its ${{ }} replaced; a condition is an `if:`, with the success() GitHub implies where no status is asked for.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const index = join(process.argv[2], "@actions/expressions/dist/index.js");
const { Parser, Lexer, Evaluator, data } = await import(pathToFileURL(index).href);
const { truthy } = await import(pathToFileURL(join(index, "../result.js")).href);

const { items, contexts, status } = JSON.parse(readFileSync(0, "utf8"));
const ASKS_STATUS = /\b(success|failure|cancelled|always)\s*\(/;

function toData(value) {
  if (value === null) return new data.Null();
  if (typeof value === "string") return new data.StringData(value);
  if (typeof value === "boolean") return new data.BooleanData(value);
  return new data.Dictionary(...Object.entries(value).map(([key, entry]) => ({ key, value: toData(entry) })));
}

const functions = new Map(
  Object.entries(status).map(([name, value]) => [
    name,
    { name, minArgs: 0, maxArgs: 0, call: () => new data.BooleanData(value) },
  ]),
);
const root = toData(contexts);

function evaluate(expression) {
  const tree = new Parser(new Lexer(expression).lex().tokens, Object.keys(contexts), [...functions.values()]).parse();
  return new Evaluator(tree, root, functions).evaluate();
}

function condition(source) {
  const inner = source.trim().replace(/^\$\{\{(.*)\}\}$/s, "$1").trim();
  if (inner === "") return status.success;
  return truthy(evaluate(ASKS_STATUS.test(inner) ? inner : `success() && (${inner})`));
}

function text(template) {
  return template.replaceAll(/\$\{\{(.*?)\}\}/gs, (_, expression) => evaluate(expression).coerceString());
}

process.stdout.write(JSON.stringify(items.map((item) => (item.kind === "text" ? text : condition)(item.text))));
