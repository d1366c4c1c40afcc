"""Where enrichment comes from: tables in memory, a file of addresses, services over HTTP."""
