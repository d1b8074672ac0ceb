import { createElement, StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app.js';

const root = createRoot(document.getElementById('root'));
const show = (Shown) => root.render(createElement(StrictMode, null, createElement(Shown)));
show(App);
window.signOut = () => root.unmount();
// Another component than before: React unmounts the old tree and mounts the new one.
import.meta.hot.accept('./app.js', (module) => show(module.App));
