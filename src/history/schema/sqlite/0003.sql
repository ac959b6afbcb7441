-- What the owner of the page has announced; later ones have greater numbers.
CREATE TABLE announcements (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    title TEXT NOT NULL,
    body TEXT NOT NULL,
    published_ms INTEGER NOT NULL,
    expires_ms INTEGER
);
