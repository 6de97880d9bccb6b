// Asks for thumbnails: some at a time, so that none waits long for its answer, and what came into sight last first.

/** As many as the server makes in the time of a blink. */
const AT_ONCE = 4;

const waiting = [];
let underWay = 0;

function go() {
  while (underWay < AT_ONCE && waiting.length > 0) {
    const wish = waiting.pop();
    wish.isAsked = true;
    underWay += 1;
    wish.image.src = wish.url;
  }
}

/** Let `image` show `url` soon. The answer is for `settle`. */
export function ask(image, url) {
  const wish = { image, url, isAsked: false, isOver: false };
  waiting.push(wish);
  go();
  return wish;
}

/** It has come, or won't, or nobody wants it any more; null is no wish. */
export function settle(wish) {
  if (!wish || wish.isOver) return;
  wish.isOver = true;
  if (wish.isAsked) underWay -= 1;
  else waiting.splice(waiting.indexOf(wish), 1);
  go();
}
