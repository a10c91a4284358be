"""`python -m cluster`: calls the command line, defines nothing (a class here would be pickled as __main__)."""

from cluster.cli.main import main

main()
