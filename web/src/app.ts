// What every page loads.
import { startAct } from "./act";
import { startActs } from "./acts";
import { startAges } from "./ages";
import { startBell } from "./bell";
import { startChooser } from "./chooser";
import { on } from "./dom";
import { startFolds } from "./folds";
import { startImpact } from "./impact";
import { copy, startKeys } from "./keys";
import { startLeave } from "./leave";
import { startLists } from "./lists";
import { startLive } from "./live";
import { startMenus, startZones } from "./menus";
import { startMerge } from "./merge";
import { startOffline } from "./offline";
import { startPalette } from "./palette";
import { startParts } from "./parts";
import { startPreview } from "./preview";
import { startQuery } from "./query";
import { startScreen } from "./screen";
import { startSide } from "./side";
import { startThruk } from "./thruk";
import { startView } from "./view";

startThruk();
startAges();
startOffline();
startMenus();
startZones();
startParts();
startView();
on("click", "[data-copy]", (el) => void copy(el.dataset["copy"] ?? "", el.dataset["what"] ?? ""));
if (document.body.classList.contains("app")) {
  startKeys();
  startPalette();
  startChooser();
  startMerge();
  startFolds();
  startSide();
  startBell();
  startLists();
  startQuery();
  startPreview();
  startLeave();
  startLive();
  startAct();
  startActs();
  startImpact();
} else if (document.body.classList.contains("screen")) {
  startMerge();
  startFolds();
  startLive();
  startScreen();
}
