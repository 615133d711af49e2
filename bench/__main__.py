"""python -m bench: every measurement of `bench.forms`."""

from bench.forms import main

main()
