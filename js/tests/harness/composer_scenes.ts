/** Scenes of the composer: what is attached to a question, before and after it is sent. */
import type { Part } from "../../src/wire/messages.ts";
import { line, message, snapshot } from "../support/messages.ts";
import { answer, model, question, type Scene, shadow } from "./stage.ts";
import { SHORT } from "./texts.ts";

/** A picture with something on it. */
async function drawn(width: number, height: number): Promise<File> {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d") as CanvasRenderingContext2D;
  context.fillStyle = "#f5efe3";
  context.fillRect(0, 0, width, height);
  context.strokeStyle = "#1f62c4";
  context.lineWidth = width / 60;
  context.beginPath();
  for (let x = 0; x <= width; x += width / 100)
    context.lineTo(x, height / 2 - (Math.sin((x * 12) / width) * height) / 2.6);
  context.stroke();
  const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done));
  return new File([blob as Blob], "residuals of the fit.png", { type: "image/png" });
}

/** Attach files, and wait until they are read. */
async function attach(...files: (File | Promise<File>)[]): Promise<void> {
  const data = new DataTransfer();
  for (const file of await Promise.all(files)) data.items.add(file);
  const input = shadow()?.querySelector<HTMLInputElement>("input[type=file]") as HTMLInputElement;
  input.files = data.files;
  input.dispatchEvent(new Event("change"));
  const attached = () => shadow()?.querySelector(".attached:has(.chip, .wrong)")?.textContent;
  while (attached()?.includes("Reading…") ?? true) await new Promise(requestAnimationFrame);
}

function type(text: string): void {
  const box = shadow()?.querySelector<HTMLTextAreaElement>(".composer textarea") as HTMLTextAreaElement;
  box.value = text;
  box.dispatchEvent(new InputEvent("input", { bubbles: true }));
}

/** Click what opens a file, as soon as what draws it has come. */
function open(selector: string): void {
  const button = shadow()?.querySelector<HTMLElement>(selector);
  if (button) button.click();
  else setTimeout(() => open(selector), 20);
}

/** A thread whose kernel knows some names of the notebook. */
function named() {
  const made = model("thread", { outlook: OUTLOOK, snapshot: snapshot(line(...history())) });
  const known = [
    { name: "@df", kind: "DataFrame (pandas)", tokens: 229, digest: "1" },
    { name: "@residuals", kind: "Figure (matplotlib)", tokens: 777, digest: "2", size: "1,024 × 768" },
    { name: "@error", kind: "error", tokens: 1_180, digest: "3" },
    { name: "@model", kind: "Pipeline (sklearn)", tokens: 41, digest: "4", note: "takes too long to describe" },
  ];
  made.answers.mentions = ({ text }) => ({ mentions: known.filter(({ name }) => text.includes(name)) });
  made.answers.names = {
    names: [
      ["cell", "code"],
      ["error", "error"],
      ["a_rather_long_name_of_a_variable_that_somebody_chose", "defaultdict (collections)"],
      ["df", "DataFrame (pandas)"],
      ["model", "Pipeline (sklearn)"],
      ["In[12]", "code"],
      ["Out[12]", "Figure (matplotlib)"],
    ],
  };
  return made;
}

const CSV = `name,mass\n${"earth,5.97\n".repeat(900)}`;
const OUTLOOK = {
  ...{ tokens: 4_100, estimated: true, price: "~$0.0031", answer: "about 500" },
  ...{ length: 131_072, kept: 0, first: null, omitted: 0, sees: false },
};
const history = () => [question("q1", "What does `groupby` do?"), answer("a1", SHORT)];

async function url(): Promise<string> {
  const file = await drawn(900, 500);
  return new Promise((done) => {
    const reader = new FileReader();
    reader.onload = () => done(reader.result as string);
    reader.readAsDataURL(file);
  });
}

/** A question that was sent with a picture and two files; the picture's content comes when it is asked for. */
function asked(): Scene {
  const parts: Part[] = [
    { type: "image", url: "", alt: "residuals of the fit.png", width: 900, height: 500, left: 40_000 },
    { type: "file", name: "planets.csv", text: CSV },
    { type: "file", name: "a rather long name of a notebook that somebody keeps for years (3).ipynb", text: "{}" },
    { type: "text", text: "Why do the residuals swing? The data are in the file." },
  ];
  const made = model("thread", {
    snapshot: snapshot(line(message("q1", "user", parts), answer("a1", SHORT))),
  });
  const bring = async () =>
    made.deliver({ op: "part", message: "q1", part: 0, content: { type: "image", url: await url(), alt: "plot" } });
  return { model: made, after: bring };
}

export const composerScenes: Record<string, () => Scene> = {
  attached: () => ({
    model: model("thread", { outlook: OUTLOOK, snapshot: snapshot(line(...history())) }),
    after: () => {
      type("Why do the residuals swing?");
      return attach(drawn(2_600, 1_200), new File([CSV], "planets.csv"), new File(["{}"], "Untitled.ipynb"));
    },
  }),
  mentioned: () => ({
    model: named(),
    after: async () => {
      type("Why do @residuals swing in @df? And is @error from @model? ");
      await attach(new File([CSV], "planets.csv"));
      while (!shadow()?.querySelector(".mentioned")) await new Promise(requestAnimationFrame);
    },
  }),
  names: () => ({
    model: named(),
    after: () => {
      shadow()?.querySelector<HTMLTextAreaElement>(".composer textarea")?.focus();
      type("What is odd in @");
    },
  }),
  unattached: () => ({
    model: model("thread", { snapshot: snapshot(line(...history())) }),
    after: () => attach(new File(["\x00\x01"], "movie.mp4"), new File([CSV], "planets.csv")),
  }),
  dropping: () => ({
    model: model("thread", { snapshot: snapshot(line(...history())) }),
    after: () => {
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File(["x"], "x.txt"));
      shadow()
        ?.querySelector(".thread")
        ?.dispatchEvent(new DragEvent("dragover", { dataTransfer, cancelable: true }));
    },
  }),
  asked,
  viewer: () => {
    const { model: made, after } = asked();
    return {
      model: made,
      after: () => {
        after?.();
        open(".thumb");
      },
    };
  },
  viewed_file: () => ({ model: asked().model, after: () => open("button.file") }),
  waiting_files: () => ({
    model: model("thread", {
      status: "streaming",
      snapshot: snapshot(line(...history())),
      queue: [{ turn: "t2", text: "Why do the residuals swing?", attachments: ["plot.png", "planets.csv"] }],
    }),
  }),
  long_draft: () => ({
    model: model("thread", { outlook: OUTLOOK, snapshot: snapshot(line(...history())) }),
    after: () => type("A line that is typed.\n".repeat(40)),
  }),
};
