"""Measures what every ``--help`` and every misspelling costs: ``python tests/benchmarks/start.py``.

Prints a Markdown table: the command, the last line of its answer, and the CPU seconds of the whole process. Outlines of
parsers are kept first, as `make` keeps them.
"""

import os
import shlex
import subprocess
import sys
from textwrap import shorten

from ctl.command_table import ALL

LIMIT = 1.5  # CPU seconds
MISTAKES = """
trnasfer
transfer --config configs/transfer/quickstart.yaml --sorces '[de]'
transfer --config configs/transfer/quickstart.yaml --student.loss kll
transfer --config configs/transfer/quickstart.yaml --teacher_epochs x
transfer --config configs/transfer/quickstart.yaml --methods '[studnt:uniform]'
transfer --config configs/transfer/quickstart.yaml --trainer.callbacks '[ModelChekpoint]'
transfer --config configs/transfer/quickstart.yaml --trainer.logger '{class_path: CSVLogger, init_args: {save_dri: x}}'
transfer --config configs/transfer/quickstart.yaml --trainer.strategy dpp
transfer --backbone x --sources '[de]'
transfer --config quickstrat.yaml
transfer --config MISSPELT
transfer --data.root ROOT --sources '[dee]' --target nl --backbone x
transfer --data.root ROOT --sources '[de]' --target nll --backbone x
study --config configs/study/quickstart.yaml --jbos 2
study --config configs/study/quickstart.yaml --jobs x
study --config configs/study/quickstart.yaml --methods '[ensembel:uniform]'
study --languages '[de]'
study --config MISSPELT
sources --traget nl
sources --by subword
sources --best x
sources --sources '[de]'
import votes.conll --languag de
import votes.conll --form brta
import votes.conll --language de
import --language de --as crowd
import votes.conll --data.root ROOT --language dee --as crowd
review ROOT --from doccano
review ROOT --form docano
review ROOT --sentences x
review
review ROOT/nothing
inspect ROOT --stduents
inspect ROOT --sentences x
inspect
inspect ROOT/nothing
report ROOT --pgae
report
report ROOT/nothing
tag --modle x
tag --model x --format jsnol
tag --model x --chunk x
tag text.txt
tag --model ROOT/nothing MISSPELT
export --model x --onxn out
export --model x
export --model ROOT/nothing ROOT/exported
serve --model x --prot 8000
serve --model x --port x
serve --port 8000
serve --model ROOT/nothing
fit --modle Teacher
fit --model Techer
fit --model Teacher --model.lrr 1
fit --model Teacher --model.lr x
fit --model Student --model.loss kll
fit --model Teacher --trainer.max_epochs x
fit --model Teacher --trainer.callbacks+=EarlyStoping
fit --model Teacher --trainer.callbacks+=EarlyStopping
fit --model Teacher --trainer.callbacks+=EarlyStopping --trainer.callbacks.monitor x --trainer.callbacks.patience x
fit --model Teacher --optimizer Adamm
fit --model Teacher --optimizer AdamW --optimizer.lrr 1
fit --model Teacher --lr_scheduler StepLR
fit --model Teacher --lr_scheduler ReduceLROnPlateau
fit --model Teacher --lr_scheduler ReduceLROnPlateau --lr_scheduler.monitor x --lr_scheduler.patience x
fit --model Teacher --data.root ROOT --data.sources '[dee]'
fit --config MISSPELT
fit
validate --model Stdent
test --model Student --ckpt_path nothing.ckpt
test --model Student --data.root ROOT --data.target dee
predict --model RemoteTeacher
predict --model RemoteTeacher --model.model x
predict --model RemoteTeacher --model.model x --model.endpoint.url x --model.style jsno
predict --model RemoteTeacher --model.model x --model.endpoint.url x --model.endpoint.timeout -1
predict --model GenerativeTeacher --model.shots x
doctor --al
completion bsh
completion
"""


def ran(arguments):
    """The last line of an answer, and the CPU seconds that it took."""
    process = subprocess.Popen(
        [sys.executable, "-m", "ctl", *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    text = process.stdout.read().strip()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return text, usage.ru_utime + usage.ru_stime


def main(folder):
    misspelt, root = folder / "misspelt.yaml", folder / "data"
    misspelt.write_text("dta: {root: x}\n")
    for language in ("de", "nl"):
        (root / language).mkdir(parents=True)
    named = MISTAKES.replace("ROOT", str(root)).replace("MISSPELT", str(misspelt))
    mistakes = [shlex.split(line) for line in named.strip().splitlines()]
    helps = [[name, "--help"] for name in ALL]
    subprocess.run([sys.executable, "-m", "ctl.commands.help"], check=True)
    print("| command | answer | CPU seconds |\n| --- | --- | ---: |")
    slowest = 0.0
    for arguments in [["--help"], *helps, *mistakes]:
        text, seconds = ran(arguments)
        slowest = max(slowest, seconds)
        answer = f"{text.count(chr(10)) + 1} lines" if "--help" in arguments else text.splitlines()[-1]
        row = [f"ctl {shlex.join(arguments)}", answer.removeprefix("ctl: error: ")]
        cells = [cell.replace(str(folder), "DIR").replace("|", r"\|") for cell in row]
        print(f"| `{cells[0]}` | {shorten(cells[1], 120, placeholder=' ...')} | {seconds:.2f} |", flush=True)
    sys.exit(f"the slowest took {slowest:.2f} s of CPU, more than {LIMIT}" if slowest > LIMIT else 0)


if __name__ == "__main__":
    import tempfile
    from pathlib import Path

    os.environ["HF_HUB_OFFLINE"] = "1"
    with tempfile.TemporaryDirectory() as name:
        main(Path(name))
