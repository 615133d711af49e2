"""Train the e-mail adapter: LoRA on the base that fills forms, on CPU or GPU.

    python -m training.train_email --config training/configs/email.yaml
    python -m training.train_email --config training/configs/email.yaml --resume --max-minutes 60
    python -m training.train_email --config training/configs/email.yaml --start models/email.gguf

Loop, schedule, checkpoints and the run's folder are those of `training.train_forms`; the examples
come from `training.email_data`. Clean text is spoilt otherwise in each epoch.
"""

from __future__ import annotations

from collections.abc import Sequence

from smartform.engines.load import tone_scorer
from smartform.settings import Settings
from training.check_data import require_files
from training.config import parse_arguments
from training.email_data import Spoiler, load
from training.rewrites import RewriteEncoder
from training.train_forms import train


def main(argv: Sequence[str] | None = None) -> None:
    config, arguments = parse_arguments(argv, "Train the e-mail adapter.")
    require_files(config.data, "training.train_email")
    train(
        config,
        load(config, tone_scorer(Settings.from_environment())),
        encoding=RewriteEncoder,
        augment=Spoiler(config.seed),
        resume=arguments.resume,
        max_minutes=arguments.max_minutes,
    )


if __name__ == "__main__":
    main()
