"""What the scripts of this folder share: the programs, how they are built and run, and how results are kept."""
