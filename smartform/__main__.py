"""`python -m smartform`: see `smartform.cli`."""

import sys

from smartform.cli import main

sys.exit(main())
