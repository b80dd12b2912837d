import CHART from 'uplot/dist/uPlot.min.css' with { type: 'text' }
import BASE from './style/base.css' with { type: 'text' }
import FORMS from './style/forms.css' with { type: 'text' }
import FRAME from './style/frame.css' with { type: 'text' }
import FRONT from './style/front.css' with { type: 'text' }
import LISTS from './style/lists.css' with { type: 'text' }
import NARROW from './style/narrow.css' with { type: 'text' }
import OVERVIEW from './style/overview.css' with { type: 'text' }
import TABLES from './style/tables.css' with { type: 'text' }
import WORDS from './style/words.css' with { type: 'text' }

/**
 * The style of every page. It is sent inside the page, and the Content-Security-Policy allows its hash: no
 * second request delays the page, and nothing else inline is allowed.
 */
export const STYLE = [CHART, BASE, FRAME, WORDS, LISTS, TABLES, FORMS, FRONT, OVERVIEW, NARROW].join('\n')
