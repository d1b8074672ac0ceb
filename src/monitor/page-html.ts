/** The page. What is in it comes from `page/`. */
export const HTML = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Presence monitor</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="style.css">
<script type="module" src="page/main.js"></script>
</head>
<body>
<header>
<h1>Presence</h1>
<p id="state" role="status" data-testid="state">Connecting …</p>
</header>
<main>
<section id="cards" aria-label="Now"></section>
<section id="charts" aria-label="The last minutes"></section>
<section aria-labelledby="h-processes" class="full"><h2 id="h-processes">Processes</h2><div class="wide"><table data-testid="processes"><thead><tr><th>Process</th><th>State</th><th>Connections</th><th>Share</th><th>Lease</th><th>Behind</th><th>Up</th></tr></thead><tbody id="processes"></tbody></table></div></section>
<section aria-labelledby="h-happenings" class="full"><h2 id="h-happenings">What has happened</h2><ol id="happenings" data-testid="happenings" reversed></ol></section>
<section aria-labelledby="h-user"><h2 id="h-user">A user</h2>
<form id="search"><label>User id <input name="id" autocomplete="off" required data-testid="search-id"></label> <label>as seen by <input name="viewer" autocomplete="off" placeholder="optional" data-testid="search-viewer"></label> <button>Look</button></form>
<div id="user" data-testid="user" aria-live="polite"></div></section>
<section aria-labelledby="h-refused"><h2 id="h-refused">Refused calls</h2><ul id="refused" class="bars" data-testid="refused"></ul></section>
<section aria-labelledby="h-followed"><h2 id="h-followed">Most followed</h2><ul id="followed" class="bars" data-testid="followed"></ul></section>
<section aria-labelledby="h-stale"><h2 id="h-stale">Stale clients</h2><ul id="stale" data-testid="stale"></ul></section>
<section aria-labelledby="h-log" class="full"><h2 id="h-log">Log</h2><ol id="log" data-testid="log"></ol></section>
</main>
</body>
</html>
`;
