-- Each restore of a backup begins an epoch. The numbers of events go on at epoch * 1000000000 + 1, so that none of them
-- is used for another event than before; began_at in milliseconds.

CREATE TABLE epochs (
    epoch    INTEGER PRIMARY KEY CHECK (epoch > 0),
    began_at INTEGER NOT NULL
) STRICT;
