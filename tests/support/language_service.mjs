// Validates workflows and action files as GitHub's own editor support does; bundle it to cjs, then `node bundle FILE...`.
// One line for each remark, none where all is well.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { validate } from "@actions/languageservice";
import { TextDocument } from "vscode-languageserver-textdocument";

async function remarks(file) {
  const document = TextDocument.create(pathToFileURL(file).href, "yaml", 1, readFileSync(file, "utf8"));
  return (await validate(document)).map(({ range, message }) => `${file}:${range.start.line + 1}: ${message}\n`);
}

Promise.all(process.argv.slice(2).map(remarks)).then((found) => process.stdout.write(found.flat().join("")));
