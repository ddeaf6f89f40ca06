// Renders Markdown with marked: `node marked.mjs NODE_MODULES < texts > pages`, both JSON lists of strings.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const packages = createRequire(join(resolve(process.argv[2]), "render.js"));
const { marked } = await import(pathToFileURL(packages.resolve("marked")).href);
const texts = JSON.parse(readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify(texts.map((text) => marked.parse(text, { gfm: true }))));
