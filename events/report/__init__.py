"""Audits: what a log says of the past, in figures that a room manager can defend.

`facts` folds the log to what audits need; `index` keeps that in a file beside the log, so that years are
asked in seconds; the audits themselves are pure functions of facts, days and rules. Needs apsw, like the
log in SQLite.
"""
