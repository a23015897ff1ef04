"""The command line: everything the window does over documents and models, headless."""
