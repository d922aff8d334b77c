"""The command line over core: files of drawings become checkpoints."""
