// Start of the page's scripts. Everything works without them; they save round trips.
// No inline code anywhere: the policy of the page is script-src 'self', style-src 'self'.
import "./js/requests.js";
import "./js/theme.js";
import "./js/dialogs.js";
import "./js/palette.js";
import "./js/keyboard.js";
import "./js/selection.js";
import "./js/forms.js";
import "./js/autosave.js";
import "./js/lines.js";
import "./js/items.js";
import "./js/charts.js";
import "./js/timeline.js";
import "./js/copy.js";
