"""What any service needs and no lead is mentioned in: settings, database, logging, clock, ids."""
