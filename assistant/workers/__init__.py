"""Worker processes: any library object as a supervised child process."""
