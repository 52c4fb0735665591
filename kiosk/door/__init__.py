"""What a door knows, pure: values that each input turns into the next ones.

`told`, `hearing`, `presses`, `visit` and `condition` are its parts, none of which sees another;
`effect` says what presses do before the server has; `model` puts them together and answers
questions; `update` takes inputs.

Wherever a ``now`` is asked for it is the door's own wall clock, timezone-aware. *Best time* is the
best there is, the server's (`kiosk.door.model.Model.time`).
"""
