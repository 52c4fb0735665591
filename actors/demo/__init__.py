"""All of it on one machine, as the processes it really is: a timetable, a server, three doors."""
