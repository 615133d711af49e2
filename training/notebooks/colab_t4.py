# The notebook's source: `python -m training.notebooks.build` makes colab_t4.ipynb of it.
# '# %% [markdown]' begins a text, '# %%' a cell of code; 'colab' marks cells that need Colab or a GPU.

# %% [markdown]
# # Smart Form: retrain in an afternoon
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)]({badge})
#
# From your rows to an adapter that the app loads. Choose *Runtime → Change runtime type → T4 GPU*, fill in the
# settings below, then run the cells in order. A runtime that was cut off goes on from its last checkpoint: run
# the same cells again.

# %%
# @title Settings; repository is the address of your copy of Smart Form
repository = "{repository}"  # @param {type:"string"}
task = "forms"  # @param ["forms", "chat"]
data = "training/data/forms/[eix][ntx]*.jsonl"  # @param {type:"string"}
held = "training/data/forms/dev.jsonl"  # @param {type:"string"}
name = "mine"  # @param {type:"string"}
budget = 600_000  # @param {type:"integer"}
push_to = ""  # @param {type:"string"}
restart_space = ""  # @param {type:"string"}
runs = "runs"
settings = {"forms": "training/configs/own.yaml", "chat": "training/configs/chat.yaml"}[task]
chosen = {"forms": [], "chat": "--engine unsloth --precision 4bit --packing false --dropout 0".split()}[task]

# %% [markdown]
# **forms** teaches fields side by side, as the app decodes them (Gemma 3 270M, 16 bits); `budget` is the number of
# tokens to read. Rows: see `training/data/FORMAT.md`.
#
# **chat** teaches answers to questions (Unsloth, 4 bits); `budget` is the number of steps. Rows: a CSV file with
# `prompt` and `completion`, such as 2k_grammar_corrections, or a JSONL file with OpenAI `messages`.
#
# `data` is a file that you upload (folder symbol on the left), a pattern, or `hub:owner/set/file`. `held` is never
# trained on. Both tasks take `push_to` (owner/name on the Hub) and `restart_space`; empty leaves them out.

# %% colab
# @title Install
assert repository, "Fill in 'repository' above: the address of your copy of Smart Form."
# !git clone --depth 1 $repository smart-form
# %cd smart-form
# %pip install -q -r requirements.txt -r requirements/train.txt pyarrow
# %pip install -q unsloth bitsandbytes
import unsloth  # before transformers, which it makes faster

# %% colab
# @title Checkpoints on Drive
from google.colab import drive

drive.mount("/content/drive")
runs = "/content/drive/MyDrive/smart-form"

# %% colab
# @title FineTome-100k in place of your own data: sound rows of the first 5,000
# @markdown Leave this cell out for your own data; choose the task 'chat' above for FineTome.
from training import postprocess

finetome = "hub:mlabonne/FineTome-100k/data/train-00000-of-00001.parquet"
postprocess.main([finetome, "--rows", "5000", "--messages", "finetome.jsonl"])
data, held = "finetome.jsonl", ""

# %%
# @title Check the data
from training import check_data

check_data.main([data, *(["--evaluation", held] if held else [])])

# %%
# @title Train; run this cell again to go on after a stop
from pathlib import Path

from training import train_forms, train_lora

folder = Path(runs) / name
words = ["--config", settings, "--name", name, "--runs", runs, "--data", data, *chosen]
if task == "forms":
    resume = ["--resume"] if (folder / "checkpoint.pt").exists() else []
    train_forms.main([*words, "--total-tokens", str(budget), *resume])
else:
    resume = ["--resume"] if list(folder.glob("checkpoint-*")) else []
    watched = ["--evaluation", held] if held else []
    train_lora.main([*words, "--max-steps", str(budget), *watched, *resume])

# %%
# @title Curves
from training.curves import draw, read_metrics

metrics = read_metrics(folder / "metrics.jsonl")
draw(metrics, folder / "curves.png")
lowest = min(line["eval_loss"] for line in metrics if "eval_loss" in line)
print(f"lowest evaluation loss {lowest:.3f}, curves in {folder / 'curves.png'}")

# %% colab
# @title Look at them
from IPython.display import Image, display

display(Image(str(folder / "curves.png")))

# %% colab
# @title The base model as the app runs it; for chat, name the GGUF file of the base that you chose
from smartform.engines import models

base_gguf = models.locate("gemma-3-270m-latin") if task == "forms" else Path("base.gguf")

# %%
# @title Convert
from convert import to_gguf

adapter = f"{name}.gguf"
to_gguf.main([str(folder / "best"), "--base", str(base_gguf), "--task", task, "--out", adapter])

# %% colab
# @title Measure: what the app would answer on the held texts
from training import card, evaluate

if task == "forms":
    report = str(folder / "report")
    evaluate.main(["forms", "--adapter", adapter, "--data", held, "--report", report])
    config = str(folder / "config.yaml")
    card.main(
        [
            "--config",
            config,
            "--adapter",
            adapter,
            "--report",
            report,
            "--evaluated",
            held,
            "--out",
            f"{name}.md",
        ]
    )

# %%
# @title Push, and restart the Space
# @markdown The token is read from the secret or variable `HF_TOKEN`; without `push_to` it is only shown what would go.
from convert import push_to_hub

notes = Path(f"{name}.md")
if not notes.exists():
    notes.write_text(f"# {name}\n\nLowest evaluation loss {lowest:.3f}. Made with {settings}.\n")
words = ["--adapter", adapter, "--card", str(notes), "--entry", f"{name}.toml"]
if push_to:
    words += ["--restart-space", restart_space] if restart_space else []
    push_to_hub.main([*words, "--repo", push_to])
else:
    push_to_hub.main([*words, "--repo", "owner/name", "--dry-run"])

# %% [markdown]
# At home: `SMARTFORM_MODELS=mine.toml SMARTFORM_ADAPTER=mine python -m smartform models verify mine`, then `python app.py`
# with the same variables.
