// Bundles the map into a folder that the server serves as it is: `node build.mjs [FOLDER]`.
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = new URL(".", import.meta.url);
const out = process.argv[2] ?? fileURLToPath(new URL("../services/web/map", here));
const library = new URL("node_modules/maplibre-gl/", here);

await mkdir(out, { recursive: true });
await build({
  entryPoints: { map: fileURLToPath(new URL("src/main.ts", here)), style: fileURLToPath(new URL("src/style.css", here)) },
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  charset: "utf8",
  legalComments: "none",
  loader: { ".svg": "dataurl" },
  outdir: out,
  plugins: [
    {
      // The library is a file of its own, which changes only with its version.
      name: "library-apart",
      setup: (bundler) => bundler.onResolve({ filter: /^maplibre-gl$/ }, () => ({ path: "./maplibre.js", external: true })),
    },
  ],
});
const withoutSourceMap = (text) => text.replace(/\n\/\/# sourceMappingURL=.*\s*$/, "\n");
for (const [from, to] of [
  ["maplibre-gl.mjs", "maplibre.js"],
  ["maplibre-gl-worker.mjs", "maplibre-worker.js"],
  ["maplibre-gl.css", "maplibre.css"],
]) {
  await writeFile(`${out}/${to}`, withoutSourceMap(await readFile(new URL(`dist/${from}`, library), "utf8")));
}
await copyFile(new URL("src/index.html", here), `${out}/index.html`);
const licence = await readFile(new URL("LICENSE.txt", library), "utf8");
await writeFile(`${out}/LICENSES.txt`, `maplibre.js, maplibre-worker.js and maplibre.css are MapLibre GL JS:\n\n${licence.trim()}\n`);
