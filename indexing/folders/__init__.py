"""Watched folders: which files are taken, what has changed, and what the index does about it.

`watch` tells that something may have changed, `scan` says what there is now, and `catch_up`
brings the index in step with it. Only a scan ever decides: a change that was told twice, late
or not at all costs time and nothing else. And only a folder that is surely there can lack a
file: one that is missing, not mounted, unreadable or suddenly empty keeps its documents.
"""
