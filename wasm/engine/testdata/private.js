// The engine's worker where there is no database, as in some private windows.
"use strict";
delete IDBFactory.prototype.open;
importScripts("worker.js");
