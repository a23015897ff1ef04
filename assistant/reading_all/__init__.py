"""Reading everything: every passage of the documents, window by window, for one question."""
