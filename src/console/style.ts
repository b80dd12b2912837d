/** The style of every page. It is sent inside the page, under its hash in the Content-Security-Policy: no second request, nothing inline beyond it. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --ground: light-dark(#f4f1ec, #17191c);
  --sheet: light-dark(#fffdfa, #212428);
  --ink: light-dark(#23211f, #ece9e4);
  --faint: light-dark(#6a645c, #a39d94);
  --line: light-dark(#ddd6cb, #3a3e44);
  --edge: light-dark(#8f877b, #7d838b);
  --accent: light-dark(#7a2e3a, #e39aa6);
  --on-accent: light-dark(#fff, #2a1216);
  --bad: light-dark(#a3241b, #ff9d92);
  --bad-ground: light-dark(#fbeae7, #3a2220);
}
* { box-sizing: border-box }
body { margin: 0; min-height: 100vh; background: var(--ground); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif;
  display: grid; place-items: center; padding: 1.5rem }
main { width: 100%; max-width: 26rem; background: var(--sheet); border: 1px solid var(--line); border-radius: .75rem;
  padding: 2rem }
main.wide { max-width: 52rem }
h1 { margin: 0 0 .6rem; font-size: 1.4rem; letter-spacing: -.01em }
h2 { margin: 2rem 0 .5rem; font-size: 1.05rem }
p { margin: 0 0 1.25rem; color: var(--faint) }
.name { margin: 0 0 1.5rem; font-weight: 600; color: var(--accent); letter-spacing: .02em }
.bad { color: var(--bad); background: var(--bad-ground); border-radius: .4rem; padding: .6rem .8rem }
label { display: block; margin: 0 0 .3rem; font-weight: 600 }
input { width: 100%; font: inherit; color: inherit; background: var(--ground); border: 1px solid var(--edge);
  border-radius: .4rem; padding: .55rem .7rem; margin: 0 0 1.1rem }
button { font: inherit; font-weight: 600; color: var(--on-accent); background: var(--accent); border: 0; border-radius: .4rem;
  padding: .6rem 1.1rem; cursor: pointer }
button.plain { color: var(--accent); background: none; border: 1px solid var(--edge) }
form.login button { width: 100% }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px }
a { color: var(--accent) }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .35rem 1.25rem; margin: 0 0 1.5rem }
dt { color: var(--faint) }
dd { margin: 0; overflow-wrap: anywhere }
ul { list-style: none; margin: 0 0 1.5rem; padding: 0 }
li { display: flex; flex-wrap: wrap; gap: .5rem 1rem; align-items: center; justify-content: space-between; padding: .8rem 0;
  border-top: 1px solid var(--line) }
li div { min-width: 0; overflow-wrap: anywhere; flex: 1 1 14rem }
.agent { display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 4; overflow: hidden }
main > p:last-child { margin-bottom: 0 }
li small { display: block; color: var(--faint) }
`
