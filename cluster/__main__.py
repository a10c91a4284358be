"""`python -m cluster`: calls the command line, defines nothing (a class here would be pickled as __main__)."""

try:
    from cluster.cli.main import main

    main()
except KeyboardInterrupt:  # before a command has begun
    raise SystemExit(130) from None
