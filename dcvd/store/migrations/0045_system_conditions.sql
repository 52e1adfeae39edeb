-- What dcvd itself lacks, such as room on its disk, and since when: an event was recorded when it began, another will be
-- when it is over.
CREATE TABLE system_conditions (
    name  TEXT    PRIMARY KEY,
    since INTEGER NOT NULL
) STRICT;
