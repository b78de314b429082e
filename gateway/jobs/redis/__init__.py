"""Jobs in Redis, for the workers of all hosts. Each step is one Lua script; times are by Redis' clock."""
