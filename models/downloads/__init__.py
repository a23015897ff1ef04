"""Models from the Hugging Face hub: searched, fetched, resumed and checked."""
