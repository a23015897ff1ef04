"""What runs in each worker process, and the typed proxies the app process speaks to."""
