// Draws Markdown as GitHub shows it: `node draw.mjs report.md report.png [report.html]`.
// NODE_MODULES names a folder with the packages of tests/node, CHROMIUM the browser (default /usr/bin/chromium).
// OPEN=1 draws folded parts unfolded, THEME=dark the dark page.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [markdownFile, pictureFile, htmlFile] = process.argv.slice(2);
if (!pictureFile || !process.env.NODE_MODULES) {
  console.error("usage: NODE_MODULES=path/to/node_modules node draw.mjs report.md report.png [report.html]");
  process.exit(2);
}

const packages = createRequire(join(resolve(process.env.NODE_MODULES), "draw.js"));
const load = async (name) => import(pathToFileURL(packages.resolve(name)).href);
const { marked } = await load("marked");
const playwright = (await load("playwright-core")).default;

const theme = process.env.THEME === "dark" ? "dark" : "light";
const css = readFileSync(packages.resolve(`github-markdown-css/github-markdown-${theme}.css`), "utf8");
const body = marked.parse(readFileSync(markdownFile, "utf8"), { gfm: true });
const page = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Report</title><style>${css}
body { margin: 0; padding: 24px; background: ${theme === "dark" ? "#0d1117" : "#ffffff"}; }
.markdown-body { max-width: 900px; margin: 0 auto; font-size: 14px; }</style>
<body><article class="markdown-body">${body}</article></body></html>`;
if (htmlFile) writeFileSync(htmlFile, page);

const profile = mkdtempSync(join(tmpdir(), "chromium-"));
const browser = await playwright.chromium.launchPersistentContext(profile, {
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  headless: true,
  viewport: { width: 960, height: 100 },
  deviceScaleFactor: 2,
  javaScriptEnabled: false, // a report has none, and what a report quotes must not get any
  args: [
    "--no-sandbox", // in a container there is no other user to drop to
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
  ],
});
const tab = await browser.newPage();
await tab.setContent(process.env.OPEN ? page.replaceAll("<details>", "<details open>") : page);
await tab.screenshot({ path: pictureFile, fullPage: true });
await browser.close();
rmSync(profile, { recursive: true, force: true });
