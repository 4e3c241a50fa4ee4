/** What a cell put out, as it goes along with a question: one text in order, pictures as files, nothing without bounds. */
import { expect, test } from "vitest";
import { filesOf, told } from "../../src/hosts/outputs.ts";

const PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
const printed = (text: string | string[]) => ({ output_type: "stream", text });
const result = (data: Record<string, unknown>) => ({ output_type: "execute_result", data });

test("what was printed, results and the traceback follow one another, each on lines of its own", () => {
  const { text, failed } = told(
    [
      printed(["a\n", "b"]),
      printed("c"),
      result({ "text/plain": "42", "text/html": "<b>42</b>" }),
      printed("d\n"),
      {
        output_type: "error",
        traceback: ["\u001b[31mKeyError\u001b[39m", "\u001b]8;;http://x\u0007link\u001b]8;;\u0007"],
      },
    ],
    "output-5",
  );
  expect(text).toBe("a\nbc\n42\nd\nKeyError\nlink");
  expect(failed).toBe(true);
});

test("pictures are files in the order in which they were drawn; more than four are named only", async () => {
  const picture = { output_type: "display_data", data: { "image/png": `${PNG.slice(0, 9)}\n${PNG.slice(9)}` } };
  const found = told([printed("before\n"), ...Array(5).fill(picture)], "output-7");
  expect(found.pictures.map(({ name, type }) => [name, type])).toEqual(
    [1, 2, 3, 4].map((n) => [`output-7-${n}.png`, "image/png"]),
  );
  expect([...new Uint8Array(await (found.pictures[0] as File).slice(0, 4).arrayBuffer())]).toEqual([137, 80, 78, 71]);
  expect(found.text.split("\n")).toEqual([
    "before",
    ...[1, 2, 3, 4].map((n) => `[picture: output-7-${n}.png]`),
    "[a picture that is not attached: ]",
  ]);
  expect(told([result({ "image/png": "no picture?", "text/plain": "<Figure>" })], "o").text).toBe(
    "[a picture that is not attached: <Figure>]",
  );
});

test("pictures alone need no text that names them", () => {
  const picture = { output_type: "execute_result", data: { "image/png": PNG, "text/plain": "<Figure>" } };
  const found = told([picture], "output-2");
  expect(found.text).toBe("");
  expect(filesOf(found, "output-2").map(({ name }) => name)).toEqual(["output-2-1.png"]);
});

test("what is displayed as Markdown goes as Markdown, else as text", () => {
  expect(told([result({ "text/markdown": ["# a\n", "b"], "text/plain": "<Markdown>" })], "o").text).toBe("# a\nb");
  expect(told([result({ "text/html": "<b>" })], "o")).toEqual({ text: "", pictures: [], failed: false });
});

test("nothing that only a terminal understands is left, so that it can be attached", () => {
  expect(told([printed("\u001b[?25l50%\r100%\r\nbell\u0007 \u0000\u0085")], "o").text).toBe(
    "50%\n100%\nbell\ufffd \ufffd\ufffd",
  );
});

test("of ten megabytes the ends go along, and the file says so", async () => {
  const found = told([printed("a".repeat(5_000_000)), printed("b".repeat(5_000_000))], "output-3");
  const [file] = filesOf(found, "output-3");
  expect(file?.name).toBe("output-3-shortened.txt");
  const text = (await file?.text()) as string;
  expect(text).toBe(`${"a".repeat(4_000)}\n[… 9992000 characters left out …]\n${"b".repeat(4_000)}`);
  const [whole] = filesOf(told([printed("a\n")], ""), "output-3");
  expect([whole?.name, await whole?.text()]).toEqual(["output-3.txt", "a\n"]);
  expect(filesOf(told([], ""), "")).toEqual([]);
});
